// Tests which entries and posts of a site that moves are found in the other store, over two fakes.
import { beforeEach, describe, expect, it } from "vitest";
import { DualWriteJournal } from "../../src/purge/dual-write-journal.ts";
import type { EntryPlace, NewEntry } from "../../src/purge/journal/entry.ts";
import type { PostEntry, Switch } from "../../src/purge/journal/switch.ts";
import type { SwitchState } from "../../src/purge/journal/switch-state.ts";
import { newEntry } from "../../testing/examples/purges.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeJournal } from "../../testing/fakes/fake-journal.ts";
import { written } from "./journal/contract/open-store.ts";
import { postOf } from "./journal/contract/switch-contract.ts";

/** A switch whose posts are entries of a fake journal. */
class FakeSwitch implements Switch {
  readonly #journal: FakeJournal;
  state: SwitchState | undefined;
  /** The posts that this switch accepted, in order. */
  readonly accepted: PostEntry[] = [];
  readCount = 0;
  /** The number of posts of others that come before the next posts. */
  othersFirst = 0;

  constructor(journal: FakeJournal) {
    this.#journal = journal;
  }

  async read() {
    this.readCount += 1;
    return { kind: "read", state: this.state, names: this.state?.post ?? "" } as const;
  }

  async post(entry: PostEntry) {
    if (this.othersFirst > 0) {
      this.othersFirst -= 1;
      this.state = { post: `other-${this.othersFirst}`, bypass: true, position: "1-0", n: "o" };
    }
    const current = this.state;
    if (entry.switched.replaces !== (current?.post ?? "")) {
      return { kind: "overtaken", current, names: current?.post ?? "" } as const;
    }
    const place = { position: this.#journal.write(entry), n: entry.n };
    this.accepted.push(entry);
    const { post, bypass } = entry.switched;
    this.state = { post, bypass, ...place };
    return { kind: "posted", place } as const;
  }
}

function openStore(clock: FakeClock) {
  const journal = new FakeJournal(clock);
  return { journal, switching: new FakeSwitch(journal) };
}

let read: ReturnType<typeof openStore>;
let other: ReturnType<typeof openStore>;
let dual: DualWriteJournal;

beforeEach(() => {
  const clock = new FakeClock();
  [read, other] = [openStore(clock), openStore(clock)];
  let nth = 0;
  dual = new DualWriteJournal({ read, other, randomText: () => `random-${(nth += 1)}` });
});

const lose = (position: string) => other.journal.stream.remove(position, 0);

async function appended(entry: NewEntry) {
  const result = await dual.appendAndRead({ position: "1-0", n: "x" }, entry);
  if (result.kind === "unavailable") throw new Error("The journal is unavailable.");
  return result.place;
}

async function posted(entry: PostEntry) {
  const result = await dual.post(entry);
  if (result.kind !== "posted") throw new Error(`The post is ${result.kind}.`);
  return result.place;
}

describe("an entry that only the other store has lost is gone", () => {
  it.each([
    { id: "of a value that was written", write: () => appended(newEntry({ n: "a" })) },
    { id: "of a post", write: () => posted(postOf("p1", "", true)) },
  ])("if it is $id", async ({ write }) => {
    const place = await write();
    expect(await dual.standing([place])).toEqual({ kind: "read", states: ["standing"] });
    lose(place.position);
    expect(await dual.standing([place])).toEqual({ kind: "read", states: ["gone"] });
  });

  it("if its place in the other store is among the 4,096 newest", async () => {
    const places = await written(dual, 4_098);
    for (const { position } of places.slice(0, 3)) lose(position);
    const found = await dual.standing(places.slice(0, 4));
    const states = ["standing", "standing", "gone", "standing"];
    expect(found).toEqual({ kind: "read", states });
  });

  it("but not an entry from before the move, which the other store never had", async () => {
    const before = { position: read.journal.write(newEntry({ n: "before" })), n: "before" };
    const place = await appended(newEntry({ n: "a" }));
    other.journal.stream.loseAll(0);
    const states = ["standing", "gone"];
    expect(await dual.standing([before, place])).toEqual({ kind: "read", states });
  });
});

describe("a post of the switch", () => {
  it("is tried four times in the other store if posts of others come between", async () => {
    other.switching.othersFirst = 3;
    expect(await dual.post(postOf("p1", "", false))).toMatchObject({ kind: "posted" });
    expect(other.switching.state).toMatchObject({ post: "p1", bypass: false });
  });

  it("is unavailable after four tries, with a hint", async () => {
    other.switching.othersFirst = 4;
    expect(await dual.post(postOf("p1", "", false))).toEqual({
      kind: "unavailable",
      why: "Other posts of the switch came between.",
      hint: "post the switch again",
    });
  });

  it("is written once to the other store if it is sent twice", async () => {
    await dual.post(postOf("p1", "", true));
    const again = await dual.post(postOf("p1", "", true));
    expect(again).toMatchObject({ kind: "overtaken", current: { post: "p1" } });
    expect([read, other].map(({ switching }) => switching.accepted.length)).toEqual([1, 1]);
  });
});

describe("the first read", () => {
  const stateAt = (post: string, position: string) => ({ post, bypass: true, position, n: "n" });

  it.each([
    { id: "nothing", there: undefined, isCopied: true },
    { id: "an older post at a later position", there: stateAt("p0", "6-0"), isCopied: true },
    { id: "a newer post at an earlier position", there: stateAt("p2", "4-0"), isCopied: false },
    { id: "the same post", there: stateAt("p1", "4-0"), isCopied: false },
  ])("copies the post if the other store has $id: $isCopied", async ({ there, isCopied }) => {
    read.switching.state = stateAt("p1", "5-0");
    other.switching.state = there;
    await dual.newest();
    await settled();
    const copied = newEntry({ n: "random-1", mode: "soft", by: "tidemark" });
    const switched = { post: "p1", replaces: there?.post ?? "", bypass: true };
    const entry = { ...copied, reason: "the journal moves", switched };
    expect(other.switching.accepted).toEqual(isCopied ? [entry] : []);
  });
});

describe("a renewal of the view", () => {
  const first = newEntry({ n: "first" });
  let place: EntryPlace;
  beforeEach(() => void (place = { position: read.journal.write(first), n: "first" }));

  /** Returns how often the switch was read so far. */
  async function renewed(): Promise<number> {
    await dual.since(place);
    await settled();
    return read.switching.readCount;
  }

  it("reads the switch once, and again for a post", async () => {
    expect([await renewed(), await renewed()]).toEqual([1, 1]);
    await read.switching.post(postOf("p1", "", true));
    expect(await renewed()).toBe(2);
    expect(other.switching.state).toMatchObject({ post: "p1" });
  });

  it("copies the post again if posts of others came between", async () => {
    read.switching.state = { post: "p1", bypass: true, position: "5-0", n: "n" };
    other.switching.othersFirst = 4;
    expect([await renewed(), other.switching.state?.post]).toEqual([1, "other-0"]);
    expect([await renewed(), other.switching.state?.post]).toEqual([2, "p1"]);
    expect(await renewed()).toBe(2);
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
