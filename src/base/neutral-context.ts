// The context of no client: the one in which this module was evaluated, before any request.
import { nodeGlobals } from "./node-globals.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");

/** Whether `inNeutralContext` has an effect. Workers need `nodejs_compat`. */
export const hasNeutralContext = hooks !== undefined;

/** Runs work that sees no client's values of any `AsyncLocalStorage`. */
export const inNeutralContext: <Result>(work: () => Result) => Result =
  hooks?.AsyncLocalStorage.snapshot() ?? ((work) => work());
