/**
 * The number in `{ name: number }`, checked: what is no number would be a wait of no time, again and again.
 * @throws TypeError that names the option
 */
export function atLeast(least: number, option: Readonly<Record<string, number>>): number {
  const [[name, value] = ['', least]] = Object.entries(option);
  if (Number.isFinite(value) && value >= least) return value;
  throw new TypeError(`${name}: got ${value}, wanted a number from ${least} on`);
}
