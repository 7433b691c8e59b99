import * as fc from 'fast-check';

/** Instances, users, connections and positions are named by number; the world takes the number modulo what there is. */
export type Step =
  | {
      readonly do: 'publish';
      readonly at: number;
      readonly user: number;
      readonly agent: number;
      readonly count: number;
      readonly as: 'normal' | 'critical' | 'ephemeral';
    }
  | { readonly do: 'publish unheard'; readonly at: number; readonly user: number }
  | {
      readonly do: 'connect';
      readonly to: number;
      readonly user: number;
      readonly from: From;
      readonly filter: Filter;
    }
  | { readonly do: 'resume'; readonly to: number; readonly connection: number; readonly knowsEpoch: boolean }
  | { readonly do: 'leave'; readonly connection: number }
  | { readonly do: 'replay'; readonly connection: number; readonly from: From; readonly knowsEpoch: boolean }
  | {
      readonly do: 'subscribe';
      readonly connection: number;
      readonly filter: Filter;
      readonly from: From | null;
    }
  | { readonly do: 'unsubscribe'; readonly connection: number; readonly agent: number }
  | { readonly do: 'block' | 'unblock'; readonly connection: number }
  | { readonly do: 'read'; readonly connection: number; readonly frames: number }
  | { readonly do: 'lose hand-overs'; readonly at: number; readonly count: number }
  | {
      readonly do: 'double hand-overs';
      readonly at: number;
      readonly count: number;
      readonly laterMs: number;
    }
  | { readonly do: 'cut' | 'mend' | 'interrupt' | 'away' | 'back'; readonly at: number }
  | { readonly do: 'slow'; readonly at: number; readonly milliseconds: number }
  | { readonly do: 'wait'; readonly milliseconds: number }
  | { readonly do: 'age' }
  | { readonly do: 'flush' };

/** Where a client says it is: so many events before its own position, at a number, or at the end. */
export type From =
  | { readonly kind: 'back'; readonly by: number }
  | { readonly kind: 'number'; readonly sequenceId: number }
  | { readonly kind: 'latest' };

/** The agents that pass; null for all. */
export type Filter = readonly number[] | null;

const pick = fc.nat({ max: 7 });
const small = (max: number) => fc.integer({ min: 1, max });
const back = fc.record({ kind: fc.constant('back' as const), by: fc.nat({ max: 6 }) });
const number = fc.record({
  kind: fc.constant('number' as const),
  sequenceId: fc.oneof(fc.nat({ max: 12 }), fc.constant(0), fc.constant(1_000)),
});
const latest = fc.record({ kind: fc.constant('latest' as const) });
const position = fc.oneof(back, number);
const filter: fc.Arbitrary<Filter> = fc.constantFrom(null, null, [0], [1], [0, 1], [2]);

const of = <Name extends Step['do']>(...names: Name[]): fc.Arbitrary<Name> => fc.constantFrom(...names);

const publish = fc.record({
  do: of('publish'),
  at: pick,
  user: pick,
  agent: pick,
  count: fc.oneof(fc.constant(1), small(9)),
  as: fc.constantFrom('normal', 'normal', 'critical', 'ephemeral'),
});
const client = fc.oneof(
  fc.record({ do: of('connect'), to: pick, user: pick, from: fc.oneof(position, latest), filter }),
  fc.record({ do: of('resume'), to: pick, connection: pick, knowsEpoch: fc.boolean() }),
  fc.record({ do: of('leave'), connection: pick }),
  fc.record({ do: of('replay'), connection: pick, from: position, knowsEpoch: fc.boolean() }),
  fc.record({
    do: of('subscribe'),
    connection: pick,
    filter,
    from: fc.option(position, { nil: null }),
  }),
  fc.record({ do: of('unsubscribe'), connection: pick, agent: pick }),
  fc.record({ do: of('block', 'unblock'), connection: pick }),
  fc.record({ do: of('read'), connection: pick, frames: small(8) }),
);
const slowness = fc.constantFrom(0, 0, 1, 20, 300);

/** What no hand-over is lost by. */
const disorder = [
  fc.record({ do: of('double hand-overs'), at: pick, count: small(3), laterMs: fc.nat({ max: 300 }) }),
  fc.record({ do: of('interrupt'), at: pick }),
  fc.record({ do: of('slow'), at: pick, milliseconds: slowness }),
  fc.record({ do: of('publish unheard'), at: pick, user: pick }),
];
const losses = [
  fc.record({ do: of('lose hand-overs'), at: pick, count: small(3) }),
  fc.record({ do: of('cut', 'mend', 'away', 'back'), at: pick }),
  fc.record({ do: of('flush') }),
];
const time = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: of('wait'), milliseconds: fc.constantFrom(1, 10, 100, 700, 2_100) }),
  },
  { weight: 1, arbitrary: fc.record({ do: of('age') }) },
);

/** What may happen to a small cluster. */
export type Schedule = {
  readonly instances: number;
  readonly seed: number;
  /** How slow every instance is at first, in ms. */
  readonly slowMs: number;
  /** Messages a second for each connection; 0 = unlimited. */
  readonly rate: number;
  readonly steps: readonly Step[];
};

function schedulesOf(...faults: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<Schedule> {
  return fc.record({
    instances: fc.integer({ min: 2, max: 3 }),
    seed: fc.nat(),
    slowMs: slowness,
    rate: fc.constantFrom(0, 0, 3, 20),
    steps: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: publish },
        { weight: 5, arbitrary: client },
        { weight: 3, arbitrary: fc.oneof(...faults) },
        { weight: 3, arbitrary: time },
      ),
      { minLength: 4, maxLength: 40, size: 'max' },
    ),
  });
}

/** With everything that can go wrong. */
export const rough: fc.Arbitrary<Schedule> = schedulesOf(...disorder, ...losses);

/** Where nothing is lost, late and twice as it may come. */
export const disorderly: fc.Arbitrary<Schedule> = schedulesOf(...disorder);
