// Imposes the platform's limits within workerd, on a Worker whose module is evaluated later. An
// invocation is one call of a handler or of a Durable Object, with its background work.
// D1 and service bindings are not counted.
import { AsyncLocalStorage } from "node:async_hooks";
import { env } from "cloudflare:workers";
import { fieldBytes } from "../../fakes/fake-cache.ts";
import { drawsFrom } from "../../draws.ts";
import { Invocation, invocations } from "./invocation.ts";
import type { ObjectTrouble, PlatformLimits } from "./limits.ts";
import { ioEnded, standStill } from "./still-clock.ts";

type Method = (this: unknown, ...given: unknown[]) => unknown;
type Methods = Record<string, Method>;
type Class = new (...given: unknown[]) => object;

export interface Layer {
  /** Returns the default export of a Worker, each of whose handlers begins an invocation. */
  asMain(main: object): object;
  /** Returns a class whose methods each begin an invocation. */
  asClass(whole: Class | undefined): Class | undefined;
}

/** Replaces `fetch`, the Cache API and the methods of bindings in this isolate. */
export function impose(limits: PlatformLimits): Layer {
  if (limits.clockStandsStill === true) standStill();
  keepInvocationInSnapshots();
  const { fetch } = globalThis;
  globalThis.fetch = (...given: Parameters<typeof fetch>) => {
    const [input, init] = given;
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    return connected(() => fetch(...given), signal);
  };
  if (limits.cacheStoresNothing === true) storeNothing();
  replace(Cache.prototype, ["match", "put", "delete"], connected);
  const { cacheFieldBytesMax = Infinity } = limits;
  const { put } = Cache.prototype as unknown as Methods;
  define(Cache.prototype, "put", async function (address, response) {
    if (fieldBytes((response as Response).headers) > cacheFieldBytesMax)
      throw new TypeError("too many fields");
    await put?.call(this, address, response);
  });
  const objects = limits.objects === undefined ? called : troubled(limits.objects);
  for (const binding of Object.values(env)) limitBinding(binding, objects);
  return {
    asMain: (main) => {
      if (typeof main === "function") return limitedClass(main as Class, limits);
      return { ...main, ...invoking(main, limits) };
    },
    asClass: (whole) => whole && limitedClass(whole, limits),
  };
}

/** A `put` reads the whole body, as it does elsewhere. */
function storeNothing(): void {
  define(Cache.prototype, "match", async () => undefined);
  define(Cache.prototype, "delete", async () => false);
  define(Cache.prototype, "put", (_, response) => {
    return (response as Response).body?.pipeTo(new WritableStream()) ?? Promise.resolve();
  });
}

/** Sends a call of a binding, or fails instead. */
type Sending = (send: () => Promise<unknown>) => Promise<unknown>;

async function connected<Answer>(
  send: () => Promise<Answer>,
  signal?: AbortSignal | null,
): Promise<Answer> {
  const invocation = invocations.getStore();
  try {
    return await (invocation === undefined ? send() : invocation.connect(send, signal));
  } finally {
    ioEnded();
  }
}

/** Calls of objects occupy no connection. */
const called: Sending = async (send) => {
  try {
    invocations.getStore()?.count();
    return await send();
  } finally {
    ioEnded();
  }
};

function troubled(trouble: ObjectTrouble): Sending {
  const { overloadedShare = 0, retryableShare = 0, slowShare = 0 } = trouble;
  const draw = drawsFrom(trouble.seed);
  return (send) =>
    called(async () => {
      const drawn = draw();
      if (drawn < overloadedShare) {
        const message = "Durable Object is overloaded. Too many requests queued.";
        throw Object.assign(new Error(message), { overloaded: true });
      }
      if (drawn < overloadedShare + retryableShare) {
        throw Object.assign(new Error("Network connection lost."), { retryable: true });
      }
      const isSlow = drawn < overloadedShare + retryableShare + slowShare;
      const answer = await send();
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, slowMs));
      return answer;
    });
}

const slowMs = 10_000;

/** Replaces the methods of the binding's class, which all bindings of this kind share. */
function limitBinding(binding: unknown, objects: Sending): void {
  if (typeof binding !== "object" || binding === null) return;
  const prototype = Object.getPrototypeOf(binding) as object;
  if (isLimited.has(prototype)) return;
  isLimited.add(prototype);
  if ("getWithMetadata" in binding) {
    replace(prototype, ["get", "getWithMetadata", "put", "delete", "list"], connected);
  } else if ("createMultipartUpload" in binding) {
    replace(prototype, ["head", "get", "put", "delete", "list"], connected);
  } else if ("idFromName" in binding) {
    for (const name of ["get", "getByName"]) {
      const { [name]: get } = prototype as Methods;
      define(prototype, name, function (...given) {
        return limitedStub(get?.apply(this, given) as object, objects);
      });
    }
  }
}

const isLimited = new WeakSet<object>();

function limitedStub(stub: object, objects: Sending): object {
  return new Proxy(stub, {
    get(_, name) {
      const member = Reflect.get(stub, name) as unknown;
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => objects(async () => (member as Method).apply(stub, given));
    },
  });
}

function replace(prototype: object, names: readonly string[], sending: Sending): void {
  for (const name of names) {
    const { [name]: method } = prototype as Methods;
    define(prototype, name, function (...given) {
      return sending(async () => method?.apply(this, given));
    });
  }
}

function define(on: object, name: string, value: Method): void {
  Object.defineProperty(on, name, { configurable: true, writable: true, value });
}

/** Code that leaves the context of its client, by a snapshot, stays in its invocation. */
function keepInvocationInSnapshots(): void {
  const snapshot = AsyncLocalStorage.snapshot.bind(AsyncLocalStorage);
  AsyncLocalStorage.snapshot = () => {
    const leave = snapshot();
    return (work, ...given) => {
      const invocation = invocations.getStore();
      return leave(() => invocations.run(invocation, work, ...given));
    };
  };
}

/** Returns methods with the same names, each of which begins an invocation unless one has begun. */
function invoking(whole: object, limits: PlatformLimits): Methods {
  const methods: Methods = {};
  for (let at = whole; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value = Object.getOwnPropertyDescriptor(at, name)?.value as unknown;
      if (typeof value !== "function" || name === "constructor") continue;
      methods[name] ??= function (...given) {
        ioEnded();
        const work = () => (value as Method).apply(this, given);
        const isBegun = invocations.getStore() !== undefined;
        return isBegun ? work() : invocations.run(new Invocation(limits), work);
      };
    }
  }
  return methods;
}

function limitedClass(whole: Class, limits: PlatformLimits): Class {
  const Limited = class extends whole {};
  const methods = Object.entries(invoking(whole.prototype as object, limits));
  for (const [name, method] of methods) define(Limited.prototype, name, method);
  return Limited;
}
