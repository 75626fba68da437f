// Shortens a violating history: plays it again without some of its steps, as long as it still
// violates the bound.
import type { Plan } from "../histories/plan.ts";
import type { Judged } from "./judge.ts";
import type { Call, NamedPlan } from "./plans.ts";

/** The number of histories that are played again in the first round. */
const firstCount = 12;
/** How often each shortened plan is played in a round. The timing differs each time. */
const triesCount = 3;

type Replay = (plans: readonly NamedPlan[]) => Promise<readonly Judged[]>;

/** @returns a violating history without faults; `undefined` if none violates the bound again */
export async function shortened(
  histories: readonly Judged[],
  replay: Replay,
): Promise<Judged | undefined> {
  let round = 0;
  const violating = async (plans: readonly Plan<string, Call>[]) => {
    round += 1;
    const named = plans.flatMap((plan, nth) =>
      Array.from({ length: triesCount }, (_, again) => ({
        id: `shorter-${round}-${nth}-${again}`,
        plan,
      })),
    );
    const played = named.length === 0 ? [] : await replay(named);
    return played.filter(({ violations }) => violations.length > 0).toSorted(byLength)[0];
  };
  const candidates = histories
    .filter(({ violations }) => violations.some(({ causes }) => !causes.includes("fault")))
    .toSorted(byLength)
    .slice(0, firstCount)
    .map(({ plan }) => plan);
  let shortest = await violating(candidates);
  for (let next = shortest; next !== undefined;) {
    shortest = next;
    next = await violating(shorterOf(next.plan));
  }
  return shortest;
}

const byLength = (one: Judged, other: Judged): number => lengthOf(one.plan) - lengthOf(other.plan);

/** The number of steps and of interrupted loads. */
export const lengthOf = ({ steps, loads }: Plan<string, Call>): number =>
  steps.length + loads.filter(({ purge }) => purge !== undefined).length;

/** Returns the plan without its second half, without each step, and without each interruption. */
export function shorterOf(plan: Plan<string, Call>): Plan<string, Call>[] {
  const { steps, loads } = plan;
  const half = Math.ceil(steps.length / 2);
  const halves = half < steps.length ? [{ ...plan, steps: steps.slice(0, half) }] : [];
  const withSteps = (some: typeof steps) => ({ ...plan, steps: some });
  const withoutStep = steps.map((_, nth) => withSteps(steps.toSpliced(nth, 1)));
  const withLoads = (some: typeof loads) => ({ ...plan, loads: some });
  const withoutPurge = loads.flatMap((load, nth) => {
    if (load.purge === undefined) return [];
    return withLoads(loads.with(nth, { ...load, purge: undefined }));
  });
  return [...halves, ...withoutStep, ...withoutPurge];
}
