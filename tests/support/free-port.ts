import { createServer } from 'node:net';

const LOWEST = 12_000;
const HIGHEST = 21_999;

/**
 * Finds a loopback TCP port that nobody listens on, for a server that cannot pick one itself.
 *
 * The port lies below the ranges from which kernels take ports for outgoing connections (32768 and up on Linux):
 * a server that is stopped and restarted on it never finds it taken by somebody's client socket in the meantime.
 * Adding 10,000 (where Redis Cluster puts its bus) still stays below.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
