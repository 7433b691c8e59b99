import type { ReturningClient } from './returning-client.ts';

/** What clients were told, of what they should have been told. */
export type Account = {
  readonly lost: number;
  readonly doubled: number;
  /** Clients who lost something and were not told so. */
  readonly unaware: number;
  readonly resumed: number;
};

/** The account of clients that should have been told of so many tasks, once of each. */
export function accountOf(clients: readonly ReturningClient[], tasks: number): Account {
  const sum = (of: (client: ReturningClient) => number): number =>
    clients.reduce((total, client) => total + of(client), 0);
  return {
    lost: sum(({ tasks: told }) => tasks - told.size),
    doubled: sum(({ tasks: told }) => [...told.values()].reduce((more, times) => more + times - 1, 0)),
    unaware: sum(({ tasks: told, knowsOfLoss }) => (told.size < tasks && !knowsOfLoss ? 1 : 0)),
    resumed: sum(({ resumptions }) => (resumptions > 0 ? 1 : 0)),
  };
}

const count = (value: number): string => value.toLocaleString('en');

/** For the table. */
export function accountText({ lost, doubled, unaware }: Account): string {
  const parts = [
    ...(lost > 0
      ? [`${count(lost)} lost`, unaware > 0 ? `${count(unaware)} clients unaware` : 'said so']
      : []),
    ...(doubled > 0 ? [`${count(doubled)} twice`] : []),
  ];
  return parts.length === 0 ? '0 lost' : parts.join(', ');
}
