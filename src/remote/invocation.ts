// One invocation of a Worker: the run for one request, cron trigger or message. Workers limit the
// connections and subrequests of each invocation, so a refusal says nothing about the called store.
import { nodeGlobals } from "../base/node-globals.ts";
import { within } from "../base/timeouts.ts";

/**
 * Six connections of an invocation may wait for headers; a seventh queues
 * (developers.cloudflare.com, "Simultaneous open connections"). The origin and the application keep
 * two.
 */
const slotCount = 4;

/** Workers Free allows 50 subrequests. The origin keeps two. */
const callsMaxOnFree = 48;

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");
const current = hooks && new hooks.AsyncLocalStorage<Invocation>();

/**
 * The invocation of this turn. workerd runs a turn, with all its microtasks, for one invocation. So a
 * name that is forgotten within its turn is never used for another invocation.
 */
let ofTurn: Invocation | undefined;
let hopsLeft = 0;

/** Runs microtasks without a call into workerd, which would cost much more. */
const settled = Promise.resolve();

/** More promises than between the end of a call and the application's next call. */
const hopsMax = 24;

function keepForTurn(invocation: Invocation): Invocation {
  ofTurn = invocation;
  if (hopsLeft === 0) void settled.then(hop);
  hopsLeft = hopsMax;
  return invocation;
}

function hop(): void {
  hopsLeft -= 1;
  if (hopsLeft > 0) void settled.then(hop);
  else ofTurn = undefined;
}

/**
 * Returns the present invocation. It is known to what `inInvocation` runs, and to what follows in the
 * same turn. Otherwise each turn counts as one.
 */
export function invocationHere(): Invocation {
  return current?.getStore() ?? ofTurn ?? keepForTurn(new Invocation());
}

/** Runs work whose calls, also later ones, count for the present invocation. On Node, nothing depends on it. */
export function inInvocation<Result>(work: () => Result): Result {
  if (!isLimited() || current?.getStore() !== undefined) return work();
  const here = invocationHere();
  const result = current === undefined ? work() : current.run(here, work);
  const keep = () => void keepForTurn(here);
  // The caller continues in the turn that settles the promise.
  if (result instanceof Promise) result.then(keep, keep);
  return result;
}

/** Like `inInvocation`, for work after which its caller makes no calls: no turn has to keep the invocation. */
export function inInvocationToEnd<Result>(work: () => Result): Result {
  if (!isLimited() || current === undefined || current.getStore() !== undefined)
    return inInvocation(work);
  return current.run(ofTurn ?? new Invocation(), work);
}

export class Invocation {
  callCount = 0;
  /** Whether the runtime has refused a subrequest. */
  isSpent = false;
  #openCount = 0;
  readonly #waiting: (() => void)[] = [];
  #loadCount = 0;
  #loadsBegun = 0;
  readonly #timedOut = new WeakSet<object>();

  /** Takes a slot. Returns a promise if the call has to wait, which it does only on Workers. */
  takeSlot(): Promise<void> | undefined {
    if (isLimited() && this.#openCount >= slotCount)
      return new Promise((take) => this.#waiting.push(take));
    this.#openCount += 1;
    return undefined;
  }

  freeSlot(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#openCount -= 1;
    else next();
  }

  /** Runs a load of the application, whose own requests may take all connections. */
  async load<T>(run: () => T | Promise<T>): Promise<T> {
    this.#loadCount += 1;
    this.#loadsBegun += 1;
    try {
      return await run();
    } finally {
      this.#loadCount -= 1;
    }
  }

  /** Returns a function that tells whether a load has run since this call. */
  watchLoads(): () => boolean {
    const [isLoading, begun] = [this.#loadCount > 0, this.#loadsBegun];
    return () => isLoading || this.#loadsBegun > begun;
  }

  /** Notes a timeout. Returns whether it is the store's first one in this invocation. */
  isFirstTimeout(store: object): boolean {
    if (this.#timedOut.has(store)) return false;
    this.#timedOut.add(store);
    return true;
  }
}

const everyInvocation = new Invocation();

/** Returns what stands for the calls that may share I/O with one here: the present invocation; on Node, one for all. */
export function sharingHere(): Invocation {
  return isLimited() ? invocationHere() : everyInvocation;
}

/** Returns whether this runtime limits invocations, and forbids them to share I/O. Only Workers do. */
function isLimited(): boolean {
  return "WebSocketPair" in globalThis;
}

/** The invocation has no subrequest left, or had no free connection for too long. */
export class PlatformLimit extends Error {
  override readonly name = "PlatformLimit";
}

/** The calls of an isolate to one store. */
export class StoreCalls {
  readonly #onRefused: () => void;
  /** The calls that an invocation may make, known once the runtime has refused a subrequest. */
  #callsMax = Infinity;

  /** @param onRefused called for each call that fails for lack of subrequests */
  constructor(onRefused: () => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  /**
   * Makes a call that waits for headers, once a slot is free.
   *
   * @param waitMsMax the longest wait for a slot
   */
  async inSlot<T>(call: () => Promise<T>, waitMsMax: number): Promise<T> {
    const invocation = invocationHere();
    const waiting = invocation.takeSlot();
    const abandoned = () => {
      void waiting?.then(() => invocation.freeSlot());
      throw new PlatformLimit();
    };
    if (waiting !== undefined) await within(waiting, waitMsMax).catch(abandoned);
    return this.counted(call, invocation).finally(() => invocation.freeSlot());
  }

  /** Makes a call. Rejects like the call, or with `PlatformLimit`. */
  async counted<T>(call: () => Promise<T>, invocation = invocationHere()): Promise<T> {
    const isOver = invocation.isSpent || invocation.callCount >= this.#callsMax;
    try {
      invocation.callCount += 1;
      if (!isOver) return await call();
    } catch (cause) {
      if (!isRefusedSubrequest(cause)) throw cause;
      invocation.isSpent = true;
      // More calls than Workers Free allows show a higher limit.
      this.#callsMax = Math.max(callsMaxOnFree, invocation.callCount - 2);
    }
    this.#onRefused();
    throw new PlatformLimit();
  }
}

/** Matches "Too many subrequests by single Worker invocation. To configure this limit, …". */
function isRefusedSubrequest(cause: unknown): boolean {
  return cause instanceof Error && /^too many subrequests\b/i.test(cause.message);
}
