// Faults for the histories of write-behind to find, planted between the code of src/ and the two servers.
import { sliceAt, usualTimes } from "../../../src/write-behind/slice-times.ts";
import type { BehindFaults } from "../../../testing/simulation/write-behind/behind-faults.ts";

/** Each try is taken for a batch of its own. */
export const newIdOnEachTry: BehindFaults = {
  ports: ({ store, sink }, world) => ({
    store: { ...store, accept: (batch) => store.accept({ ...batch, id: `${world.draw()}` }) },
    sink,
  }),
};

/** Each try goes into the slice of the moment. */
export const newSliceOnEachTry: BehindFaults = {
  ports: ({ store, sink }, world) => ({
    store: {
      ...store,
      accept: (batch) => store.accept({ ...batch, slice: sliceAt(world.serverAtMs, usualTimes) }),
    },
    sink,
  }),
};

/** What is late goes into the slice of the moment. */
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

/** Chunks are made in the order of UTF-16, as strings of JavaScript are. */
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

/** Each chunk has the mark of the last one. */
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

/** The last chunk is sent, and the slice is dropped meanwhile. */
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
