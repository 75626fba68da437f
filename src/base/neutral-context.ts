// The context of no client: the one in which this module was evaluated, before any request.
import { nodeGlobals } from "./node-globals.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");

/** Whether `inNeutralContext` has an effect. Workers need `nodejs_compat`. */
export const hasNeutralContext = hooks !== undefined;

const inContextOfModule = hooks?.AsyncLocalStorage.snapshot();

/**
 * Runs work that sees no client's values of any `AsyncLocalStorage`. The work has a resource of its own:
 * on Node 22, a handler that enters a context for good changes the present resource for all later work.
 */
export function inNeutralContext<Result>(work: () => Result): Result {
  if (hooks === undefined || inContextOfModule === undefined) return work();
  return inContextOfModule(() =>
    new hooks.AsyncResource("TidemarkPublicWork").runInAsyncScope(work),
  );
}
