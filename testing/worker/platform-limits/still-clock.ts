// A clock that stands still between I/O, as on the platform. workerd's own clock also advances
// while code runs. One clock serves the isolate, because one request may wait for another's I/O.

const realNow = Date.now.bind(Date);
let stillAtMs = realNow();

/** Sets the clock. Called when an answer or an event has arrived. */
export function ioEnded(): void {
  stillAtMs = realNow();
}

/** Replaces the clocks of this isolate, and sets them at timers and at reads of bodies. */
export function standStill(): void {
  const startedAtMs = stillAtMs;
  performance.now = () => stillAtMs - startedAtMs;
  globalThis.Date = class extends Date {
    constructor(...given: []) {
      super(...((given.length === 0 ? [stillAtMs] : given) as []));
    }
    static override now() {
      return stillAtMs;
    }
  } as DateConstructor;
  setAfter(Request.prototype, bodyReads);
  setAfter(Response.prototype, bodyReads);
  setAfter(ReadableStream.prototype, ["pipeTo"]);
  setAfter(ReadableStreamDefaultReader.prototype, ["read"]);
  setAfter(ReadableStreamBYOBReader.prototype, ["read", "readAtLeast"]);
  const { setTimeout: timeout, setInterval: interval } = globalThis;
  globalThis.setTimeout = setFirst(timeout);
  globalThis.setInterval = setFirst(interval);
}

const bodyReads = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];

type Method = (this: unknown, ...given: unknown[]) => Promise<unknown>;

function setAfter(prototype: object, names: readonly string[]): void {
  for (const name of names) {
    const { [name]: method } = prototype as Record<string, Method | undefined>;
    const value: Method = async function (...given) {
      try {
        return await method?.apply(this, given);
      } finally {
        ioEnded();
      }
    };
    Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
  }
}

/** Returns a function for timers whose callbacks find the clock set. */
function setFirst<Timer extends typeof setTimeout | typeof setInterval>(start: Timer): Timer {
  return ((work: (...given: unknown[]) => void, ...given: unknown[]) => {
    const setting = (...values: unknown[]) => {
      ioEnded();
      work(...values);
    };
    return (start as (...all: unknown[]) => unknown)(setting, ...given);
  }) as unknown as Timer;
}
