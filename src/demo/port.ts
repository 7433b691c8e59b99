import { createServer } from 'node:net';

/** The port, or 0 (any free one) and why, where nobody can listen on it now. */
export type UsablePort = { readonly port: number; readonly trouble: string | null };

const TROUBLES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'needs more rights than this user has',
};

/** Looks whether a port of this machine can be listened on; rejects with the system's error for any other fault. */
export function usablePort(host: string, port: number): Promise<UsablePort> {
  return new Promise((resolve, reject) => {
    const trial = createServer();
    trial.once('error', (error: NodeJS.ErrnoException) => {
      const trouble = TROUBLES[error.code ?? ''];
      if (trouble === undefined) reject(error);
      else resolve({ port: 0, trouble: `port ${port} ${trouble}` });
    });
    trial.listen(port, host, () => trial.close(() => resolve({ port, trouble: null })));
  });
}
