import { type ConfigFault, showHidden, showPlain } from './faults.ts';

/** Most edits between a wrong name and the one it is taken for. */
const CLOSE = 3;

const NOT_DECLARED = 'nothing: there is no variable of this name';

const NAME_OF_A_SECRET = /SECRET|KEY|TOKEN|PASS|CREDENTIAL|JWT|URL/i;

/**
 * One fault for a variable that nobody declared, with the nearest declared name where one is near. Whether
 * its text is a secret can only be told by its name (`WS_JWT_SECRET` is an easy mistake).
 */
export function undeclaredFault(variable: string, text: string, declared: readonly string[]): ConfigFault {
  const nearest = nearestName(variable, declared);
  const show = NAME_OF_A_SECRET.test(variable) ? showHidden : showPlain;
  return {
    variable: /^\w+$/.test(variable) ? variable : showPlain(variable),
    got: show(text),
    wanted: nearest === null ? NOT_DECLARED : `${NOT_DECLARED}; did you mean ${nearest}?`,
  };
}

function nearestName(name: string, candidates: readonly string[]): string | null {
  const ranked = candidates
    .filter((candidate) => Math.abs(candidate.length - name.length) <= CLOSE)
    .map((candidate) => ({ candidate, edits: editDistance(name.toUpperCase(), candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= CLOSE ? best.candidate : null;
}

/** Least number of inserted, deleted or replaced characters (Levenshtein), one row of the matrix at a time. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    above = current;
  }
  return above[to.length] ?? 0;
}
