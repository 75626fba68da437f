// Implements the port of slices for one set, with scripts in Redis.
import type { RemoteAnswer } from "../remote/remote-client.ts";
import { listIn } from "../base/json-text.ts";
import type { DatabaseRoom } from "../remote/redis/database-room.ts";
import type { CallPurpose } from "../remote/purpose.ts";
import { type Redis, scriptCommand } from "../remote/redis/redis.ts";
import type { RedisClient } from "../remote/redis/redis-client.ts";
import type { ChangeTexts } from "./change-kind.ts";
import {
  acceptAddsScript,
  acceptPutsScript,
  changesScript,
  dropLetterScript,
  dropScript,
  lettersScript,
  passMarkScript,
  readScript,
  refusedScript,
  restedScript,
} from "./slice-scripts.ts";
import {
  type Acceptance,
  type Backlog,
  type Batch,
  compareBytes,
  type DeadLetter,
  letterCountMax,
  type RefusalCount,
  type RestedSlice,
  type SliceChanges,
  type SliceRead,
  type SliceStore,
} from "./change-slices.ts";
import type { Mark } from "./sinks/sink.ts";
import { type SliceTimes, usualTimes } from "./slice-times.ts";

/** The limit for the bytes of a chunk's changes. D1 accepts texts up to 2 MB. */
const chunkBytesMax = 524_288;

interface WithKey {
  readonly key: string;
}

export interface RedisSlicesSettings<Change extends WithKey> {
  readonly redis: Pick<RedisClient, "read" | "write" | "look" | "remove">;
  /** Tracks the free space of Redis. While Redis is nearly full, no change is accepted. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  /** The prefix of all keys. */
  readonly namespace: string;
  readonly set: string;
  readonly kind: ChangeTexts<Change>;
  /** The limit for waiting keys in all slices together. */
  readonly backlogMax: number;
  /** The number of attempts after which a refused change becomes a dead letter. */
  readonly deadLetterAfter: number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Default: `usualTimes`. */
  readonly times?: SliceTimes;
}

export class RedisSlices<Change extends WithKey> implements SliceStore<Change> {
  readonly #settings: RedisSlicesSettings<Change>;
  readonly #times: SliceTimes;

  constructor(settings: RedisSlicesSettings<Change>) {
    this.#settings = settings;
    this.#times = settings.times ?? usualTimes;
  }

  async accept({
    id,
    slice,
    formerSlice = slice,
    changes,
  }: Batch<Change>): Promise<RemoteAnswer<Acceptance>> {
    const { redis, room, kind, backlogMax } = this.#settings;
    const { index, count, sliceKey, batches, time, clock } = this.#keys;
    const { sliceMs, lateMs, seenMs } = this.#times;
    const texts = changes.flatMap((change) => [change.key, kind.textOf(change)]);
    const knownMs = seenMs + Math.max(0, formerSlice - slice) * sliceMs;
    const given = [slice, sliceMs, lateMs, knownMs, backlogMax, id].map(String);
    const script = kind.name === "counter" ? acceptAddsScript : acceptPutsScript;
    const keys = [index, count, sliceKey(slice), batches, time, clock];
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    if (room?.isPaused === true) {
      await room.beforeWrite(0);
      if (room.isPaused) return { kind: "answered", value: { kind: "paused" } };
    }
    const writing = redis.write(
      "write-behind, accepted",
      running(script, keys, [...given, ...texts]),
    );
    const [answer] = await Promise.all([writing, room?.beforeWrite(bytes)]);
    return valueOf(answer, acceptanceIn);
  }

  async rested(): Promise<RemoteAnswer<RestedSlice | undefined>> {
    const { sliceMs, restMs } = this.#times;
    const { index, time, clock } = this.#keys;
    const run = running(restedScript, [index, time, clock], [sliceMs, restMs]);
    const answer = await this.#settings.redis.look(flushed, run);
    return valueOf(answer, ([slice, keys]) => {
      if (slice === undefined) return undefined;
      return { slice: Number(slice), keys: textsIn(keys).toSorted(compareBytes) };
    });
  }

  async changes(
    slice: number,
    keys: readonly string[],
  ): Promise<RemoteAnswer<SliceChanges<Change> | undefined>> {
    const run = running(changesScript, [this.#keys.sliceKey(slice)], [chunkBytesMax, ...keys]);
    const answer = await this.#settings.redis.look(flushed, run);
    return valueOf(answer, (texts) => {
      if (texts.length === 0) return undefined;
      return { keyCount: texts.length, changes: [...this.#changesIn(keys, texts).values()] };
    });
  }

  async refused(slice: number, change: Change): Promise<RemoteAnswer<RefusalCount>> {
    const { redis, kind, deadLetterAfter } = this.#settings;
    const { attempts, letters, sliceKey, count } = this.#keys;
    const { key } = change;
    const keys = [attempts, letters, sliceKey(slice), count];
    const given = [`${slice}:${key}`, kind.textOf(change), deadLetterAfter, letterCountMax, key];
    const answer = await redis.write(flushed, running(refusedScript, keys, given));
    return valueOf(answer, ([end, letterCount]) => {
      const isKnown = end === "kept" || end === "full";
      return { kind: isKnown ? end : "counted", letterCount: Number(letterCount) };
    });
  }

  async deadLetters(): Promise<RemoteAnswer<readonly DeadLetter<Change>[]>> {
    const run = running(lettersScript, [this.#keys.letters], []);
    const answer = await this.#settings.redis.look(flushed, run);
    return valueOf(answer, (reply) => {
      const texts = textsIn(reply);
      return texts.flatMap((id, at) => {
        if (at % 2 === 1) return [];
        const key = id.slice(id.indexOf(":") + 1);
        const change = this.#settings.kind.changeIn(key, texts[at + 1] ?? "");
        return change === undefined ? [] : [{ id, change }];
      });
    });
  }

  /** Removes a dead letter. `isMine` is `true` for only one of several callers. */
  async dropDeadLetter(
    id: string,
  ): Promise<RemoteAnswer<{ isMine: boolean; letterCount: number }>> {
    const run = running(dropLetterScript, [this.#keys.letters], [id]);
    const answer = await this.#settings.redis.remove(flushed, run);
    return valueOf(answer, ([mine, count]) => ({
      isMine: Number(mine) === 1,
      letterCount: Number(count),
    }));
  }

  async passMark(mark: Mark): Promise<RemoteAnswer<number>> {
    const { index, time, clock } = this.#keys;
    const { sliceMs, lateMs, restMs } = this.#times;
    const run = running(
      passMarkScript,
      [index, time, clock],
      [sliceMs, lateMs, restMs, mark.slice],
    );
    const answer = await this.#settings.redis.remove(flushed, run);
    return valueOf(answer, ([moved]) => Number(moved));
  }

  async drop(slice: number): Promise<RemoteAnswer<Backlog>> {
    const { index, count, sliceKey } = this.#keys;
    const run = running(dropScript, [index, count, sliceKey(slice)], [slice]);
    const answer = await this.#settings.redis.remove(flushed, run);
    return valueOf(answer, backlogIn);
  }

  async read(keys: readonly string[]): Promise<RemoteAnswer<readonly SliceRead<Change>[]>> {
    const { redis, afterAnswer } = this.#settings;
    const { index, time, clock } = this.#keys;
    const run = running(readScript, [index, time, clock], [this.#times.sliceMs, ...keys]);
    const answer = await redis.read("write-behind, read", run, afterAnswer);
    return valueOf(answer, (found) =>
      found.map((each) => {
        const [slice, texts] = listIn(each);
        return { slice: Number(slice), changes: this.#changesIn(keys, listIn(texts)) };
      }),
    );
  }

  #changesIn(keys: readonly string[], texts: readonly unknown[]): Map<string, Change> {
    const changes = new Map<string, Change>();
    for (const [at, text] of texts.entries()) {
      const key = keys[at];
      if (key === undefined || typeof text !== "string") continue;
      const change = this.#settings.kind.changeIn(key, text);
      if (change !== undefined) changes.set(key, change);
    }
    return changes;
  }

  get #keys() {
    const { namespace, set } = this.#settings;
    const index = `${namespace}:behind:${set}`;
    return {
      index,
      count: `${index}:keys`,
      attempts: `${index}:attempts`,
      letters: `${index}:letters`,
      clock: `${index}:clock`,
      time: `${index}:time`,
      batches: `${index}:batches`,
      sliceKey: (slice: number) => `${index}:${slice}`,
    };
  }
}

const flushed: CallPurpose = "write-behind, flushed";

const running = (...script: Parameters<typeof scriptCommand>) => {
  return (client: Redis) => client.exec(scriptCommand(...script));
};

function valueOf<T>(
  answer: RemoteAnswer<unknown>,
  read: (reply: readonly unknown[]) => T,
): RemoteAnswer<T> {
  return answer.kind === "answered" ? { ...answer, value: read(listIn(answer.value)) } : answer;
}

function acceptanceIn([kind, atMs, leadMs, ...backlog]: readonly unknown[]): Acceptance {
  const time = { atMs: Number(atMs), leadMs: Number(leadMs) };
  if (kind === "late" || kind === "early" || kind === "full") return { kind, time };
  return { kind: "accepted", time, backlog: backlogIn([kind, ...backlog]) };
}

function backlogIn([, keyCount, oldest]: readonly unknown[]): Backlog {
  const oldestSlice = oldest === "" || oldest === undefined ? undefined : Number(oldest);
  return { keyCount: Number(keyCount), oldestSlice };
}

const textsIn = (value: unknown): readonly string[] => listIn(value).map(String);
