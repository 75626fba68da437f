// The context of no client: the one in which this module was evaluated, before any request.
import { nodeGlobals } from "./node-globals.ts";
import { OperatorError } from "./operator-error.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");

/** Whether `inNeutralContext` has an effect. Workers need `nodejs_compat`. */
export const hasNeutralContext = hooks !== undefined;

const inContextOfModule = hooks?.AsyncLocalStorage.snapshot();

/**
 * Runs work that sees no client's values of any `AsyncLocalStorage`. The work has a resource of its own:
 * on Node 22, a handler that enters a context for good changes the present resource for all later work.
 *
 * @throws OperatorError on Workers, if a request has evaluated this module. Its context may have a client's
 *   values, and workerd refuses it to other requests
 */
export function inNeutralContext<Result>(work: () => Result): Result {
  if (hooks === undefined || inContextOfModule === undefined) return work();
  let hasBegun = false;
  try {
    return inContextOfModule(() => {
      hasBegun = true;
      return new hooks.AsyncResource("TidemarkPublicWork").runInAsyncScope(work);
    });
  } catch (cause) {
    if (hasBegun) throw cause;
    throw importedTooLate(cause);
  }
}

function importedTooLate(cause: unknown): OperatorError {
  return new OperatorError({
    what: "Nothing can be loaded without a client's context.",
    why: "Tidemark was imported within a request, and workerd refuses the context of this import to other requests.",
    hint: 'Import it from the main module, not within a handler. For tests with @cloudflare/vitest-plugin, add the compatibility flag "do_not_bind_asynclocalstorage_snapshot_to-request".',
    cause,
  });
}
