import { readFileSync } from 'node:fs';

/** What a process uses: CPU time since its start, and resident memory. */
export type Usage = { readonly cpuSeconds: number; readonly residentBytes: number };

/** Ticks a second in /proc (USER_HZ), on all of Linux's usual machines. */
const TICKS = 100;

/** Null where the process has gone, and where there is no /proc: on Linux alone a process can be looked at from outside. */
export function usageOf(pid: number): Usage | null {
  try {
    return usageIn({
      stat: readFileSync(`/proc/${pid}/stat`, 'utf8'),
      status: readFileSync(`/proc/${pid}/status`, 'utf8'),
    });
  } catch {
    return null;
  }
}

/** Reads both files (proc(5)): the name in `stat` is in brackets and may hold anything; utime and stime are fields 14 and 15. */
export function usageIn({ stat, status }: { stat: string; status: string }): Usage | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  // A process that has ended and is not yet reaped has no memory.
  if (kilobytes === undefined) return null;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    residentBytes: Number(kilobytes) * 1024,
  };
}
