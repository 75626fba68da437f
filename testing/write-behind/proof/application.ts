// An application with two counters, for each colo and the process. It receives calls as JSON.
import type { DataCache } from "../../../src/data-cache.ts";
import { d1Sink } from "../../../src/write-behind/sinks/d1-sink.ts";
import {
  type Counter,
  NotAccepted,
  type Sets,
  writeBehind,
} from "../../../src/write-behind/write-behind.ts";
import {
  type BehindAnswer,
  type BehindCall,
  keyOf,
  type OneAdd,
  type SetName,
  type Told,
} from "./calls.ts";
import type { plantedBehind } from "./planted-behind-faults.ts";
import { remoteD1 } from "./remote-d1.ts";

/** @returns a handler for requests, whose body is a call */
export function applicationOver(
  cache: DataCache,
  given: { databaseUrl: string; place: string; planted: ReturnType<typeof plantedBehind> },
): (request: Request) => Promise<Response> {
  const { databaseUrl, place, planted } = given;
  const real = d1Sink(remoteD1(databaseUrl, place));
  const sink = planted.sink?.(real) ?? real;
  const sets = writeBehind(cache);
  const counters = {
    sales: sets.counter("sales", { sink }),
    views: sets.counter("views", { sink }),
  };
  // A Worker cannot draw random numbers before its first request.
  let life: string | undefined;
  return async (request) => {
    life ??= `${place}/${crypto.randomUUID()}`;
    const call = (await request.json()) as BehindCall;
    const told = await answerTo(call, { sets, counters }).catch((cause: unknown) => {
      return { failed: String(cause) };
    });
    const { sales, views } = sets.stats();
    return Response.json({ life, settled: { sales, views }, ...told });
  };
}

interface Application {
  readonly sets: Sets;
  readonly counters: Readonly<Record<SetName, Counter>>;
}

async function answerTo(
  call: BehindCall,
  { sets, counters }: Application,
): Promise<Partial<BehindAnswer>> {
  if (call.op === "flush") return { flushed: await sets.flush() };
  const counter = counters[call.set];
  if (call.op === "read") {
    const keys = call.keys.map(keyOf);
    const values = await counter.getMany(keys);
    return { values: keys.map((key) => values.get(key) ?? Number.NaN) };
  }
  if (call.set === "views") {
    for (const [key, by] of call.adds) counter.add(keyOf(key), by);
    return {};
  }
  const outcomes = await Promise.all(call.adds.map((add) => addedDurably(counter, add)));
  return { outcomes };
}

async function addedDurably(counter: Counter, [key, by]: OneAdd): Promise<Told> {
  try {
    await counter.add(keyOf(key), by, { durable: true });
    return "accepted";
  } catch (cause) {
    if (!(cause instanceof NotAccepted)) throw cause;
    return cause.isInDoubt ? "in-doubt" : "refused";
  }
}
