import { findProgram } from './program-path.ts';

/** The path of a Docker Compose that needs no Docker to check a file; null where there is none. */
export const findDockerCompose = (): string | null => findProgram('docker-compose');

/** Why tests have no Docker Compose; null where there is one. */
export const noDockerCompose: string | null =
  findDockerCompose() === null ? 'docker-compose is not on PATH, and could not be installed' : null;
