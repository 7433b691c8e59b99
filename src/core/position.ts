import type { Position } from './ports/engine.ts';

/** The further of two places. An old hand-over may come behind a newer one; of two epochs, the later heard is taken. */
export const further = (known: Position | null, heard: Position): Position =>
  known?.epoch === heard.epoch && known.sequenceId > heard.sequenceId ? known : heard;
