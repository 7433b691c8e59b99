/** What a server under test tells the bench over its channel. */
export type Report =
  | { readonly port: number }
  | { readonly cpuSeconds: number; readonly residentBytes: number };

/**
 * Says where this server listens, and from then on answers every message with the CPU time that the process has used
 * so far (user and system, all threads), and its resident memory. Ends with the bench.
 */
export function reportToBench(port: number): void {
  const send = (report: Report): void => void process.send?.(report);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    send({ cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() });
  });
  process.on('disconnect', () => process.exit(0));
  send({ port });
}
