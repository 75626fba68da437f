// Faults for planted-faults.test.ts, between the code of src/ and the two servers.
import { sliceAt, usualTimes } from "../../../src/write-behind/slice-times.ts";
import type { BehindFaults } from "../../../testing/simulation/write-behind/behind-faults.ts";

/** Gives a batch another id on each try. */
export const newIdOnEachTry: BehindFaults = {
  ports: ({ store, sink }, world) => ({
    store: { ...store, accept: (batch) => store.accept({ ...batch, id: `${world.draw()}` }) },
    sink,
  }),
};

/** Sends each try with the current slice. */
export const newSliceOnEachTry: BehindFaults = {
  ports: ({ store, sink }, world) => ({
    store: {
      ...store,
      accept: (batch) => store.accept({ ...batch, slice: sliceAt(world.serverAtMs, usualTimes) }),
    },
    sink,
  }),
};

/** Sends a late batch again with the current slice. */
export const lateIsNotFinal: BehindFaults = {
  ports: ({ store, sink }, world) => ({
    store: {
      ...store,
      accept: async (batch) => {
        const answer = await store.accept(batch);
        if (answer.kind !== "answered" || answer.value.kind !== "late") return answer;
        return store.accept({ ...batch, slice: sliceAt(world.serverAtMs, usualTimes) });
      },
    },
    sink,
  }),
};

/** Sorts the keys of chunks by UTF-16, like JavaScript strings. */
export const chunksByUtf16: BehindFaults = {
  ports: ({ store, sink }) => ({
    store: {
      ...store,
      rested: async () => {
        const answer = await store.rested();
        if (answer.kind !== "answered" || answer.value === undefined) return answer;
        return { ...answer, value: { ...answer.value, keys: answer.value.keys.toSorted() } };
      },
    },
    sink,
  }),
};

/** Gives each chunk the mark of the end of its slice. */
export const everyChunkEndsTheSlice: BehindFaults = {
  ports: ({ store, sink }) => ({
    store,
    sink: {
      ...sink,
      apply: (chunk) => sink.apply({ ...chunk, mark: { slice: chunk.slice, key: null } }),
    },
  }),
};

export const failureIsTakenForSuccess: BehindFaults = {
  ports: ({ store, sink }) => ({
    store,
    sink: { ...sink, apply: (chunk) => sink.apply(chunk).catch(() => undefined) },
  }),
};

/** Does not wait for the last chunk before the slice is dropped. */
export const droppedBeforeItIsConfirmed: BehindFaults = {
  ports: ({ store, sink }) => ({
    store,
    sink: {
      ...sink,
      apply: async (chunk) => {
        const applied = sink.apply(chunk);
        if (chunk.mark.key !== null) return applied;
        applied.catch(() => undefined);
      },
    },
  }),
};

export const databaseIsReadFirst: BehindFaults = {
  ports: ({ store, sink }) => {
    const read = (keys: readonly string[]) => sink.read("set", keys);
    let early: ReturnType<typeof read> | undefined;
    return {
      store: {
        ...store,
        read: async (keys) => {
          early = read(keys);
          await early;
          return store.read(keys);
        },
      },
      sink: { ...sink, read: (_, keys) => early ?? read(keys) },
    };
  },
};

export const readerIgnoresTheMark: BehindFaults = {
  ports: ({ store, sink }) => ({
    store,
    sink: {
      ...sink,
      read: async (set, keys) => ({ ...(await sink.read(set, keys)), mark: undefined }),
    },
  }),
};
