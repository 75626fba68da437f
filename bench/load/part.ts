// Runs a part of a bench in a separate process, so that its work does not delay the timers of other
// parts.
import { fork } from "node:child_process";
import { once } from "node:events";

type Call = (given: never) => unknown;
type Calls = Readonly<Record<string, Call>>;
type Answer<C extends Call> = Awaited<ReturnType<C>>;

export interface Part<C extends Calls> {
  /** @throws Error with the message of the part's own error */
  call<N extends keyof C & string>(name: N, ...given: Parameters<C[N]>): Promise<Answer<C[N]>>;
  stop(): Promise<void>;
}

interface Asked {
  readonly id: number;
  readonly name: string;
  readonly given: unknown;
}

type Answered =
  | { readonly id: number; readonly kind: "answered"; readonly answer: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly why: string };

/** @param program a module that calls `answerCalls` */
export async function startPart<C extends Calls>(program: URL): Promise<Part<C>> {
  const child = fork(program, {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
  });
  await once(child, "spawn");
  const exited = once(child, "exit");
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on("message", (said: Answered) => {
    const waiter = waiting.get(said.id);
    waiting.delete(said.id);
    if (said.kind === "answered") waiter?.resolve(said.answer);
    else waiter?.reject(new Error(said.why));
  });
  child.once("exit", () => {
    for (const waiter of waiting.values()) waiter.reject(new Error(`${program.href} has ended.`));
  });
  return {
    call: (name, ...[given]) => {
      lastId += 1;
      const waiter = Promise.withResolvers<unknown>();
      waiting.set(lastId, waiter);
      const asked: Asked = { id: lastId, name, given };
      child.send(asked, (cause) => {
        if (cause !== null) waiter.reject(new Error(`${program.href} has ended.`, { cause }));
      });
      return waiter.promise as Promise<never>;
    },
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

/** Handles calls in the part's process. The process ends when its parent ends. */
export function answerCalls(calls: Calls): void {
  process.on("message", (asked: Asked) => void answer(calls, asked));
  process.once("disconnect", () => process.exit());
}

async function answer(calls: Calls, { id, name, given }: Asked): Promise<void> {
  const say = (said: Answered) => process.send?.(said);
  try {
    say({ id, kind: "answered", answer: await calls[name]?.(given as never) });
  } catch (cause) {
    say({ id, kind: "failed", why: cause instanceof Error ? (cause.stack ?? "") : String(cause) });
  }
}
