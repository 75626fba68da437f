// The writer of values that another process reads.
import { answerCalls } from "../load/part.ts";
import {
  articleOf,
  openSystem,
  setAll,
  type System,
  type SystemName,
  type SystemOptions,
} from "./systems.ts";

interface Writing {
  readonly name: SystemName;
  readonly options: SystemOptions;
  readonly keys: readonly string[];
  readonly bytes: number;
}

let system: System | undefined;

const calls = {
  set({ name, options, keys, bytes }: Writing): Promise<unknown> {
    system ??= openSystem(name, options);
    return setAll(system, keys, articleOf(0, bytes));
  },
};

/** The calls of the writer's process. */
export type WriterCalls = typeof calls;

answerCalls(calls);
