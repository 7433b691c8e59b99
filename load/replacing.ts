import type { Accompaniment } from './scenarios.ts';

/** Once all sockets are live, has one instance after the other drain and start again. */
export const replaceAll: Accompaniment = async ({ stage, size, watch, over }) => {
  const statuses: (number | null)[] = [];
  const replacing = (async () => {
    if (!(await watch.until(({ liveSockets }) => liveSockets >= size.connections, over))) return;
    for (const at of stage.urls.keys()) statuses.push((await stage.replace(at)).code);
  })();
  // Awaited only where k6 came to its end.
  replacing.catch(() => {});
  return async () => {
    await replacing;
    const clean = statuses.filter((status) => status === 0).length;
    return [
      {
        promise: `instances ended with status 0 = ${stage.urls.length}`,
        measured: String(clean),
        ok: clean === stage.urls.length,
      },
    ];
  };
};
