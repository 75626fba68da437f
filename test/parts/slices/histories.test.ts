// Runs random histories of two colos with bodies in slices: new bodies with and without a purge,
// late answers, lost slices, and an origin that keeps its validator. Each fault that is planted here
// breaks one rule, and the check of the answers must find it.
import { beforeEach, expect, it, vi } from "vitest";
import type * as Fit from "../../../src/parts/slices/fit.ts";
import type * as Lead from "../../../src/pages/reuse/pending-request.ts";
import type { CacheFactories } from "../../../src/compose/create-cache.ts";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { Draws } from "../../../testing/draws.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import {
  bytesOf,
  received,
  type Received,
  sliceBytes,
  slicedOptions,
  slicedOrigin,
  totalBytes,
} from "./sliced-origin.ts";

type Fault = "no-if-range" | "slices-without-head" | "late-whole-body" | "purged-validator";

const planted = vi.hoisted(() => ({ fault: undefined as Fault | undefined }));
beforeEach(() => void (planted.fault = undefined));

vi.mock("../../../src/parts/slices/fit.ts", async (importOriginal) => {
  const sound = await importOriginal<typeof Fit>();
  return {
    ...sound,
    isOfBody: (...given: Parameters<typeof sound.isOfBody>) =>
      planted.fault === "no-if-range" || sound.isOfBody(...given),
    nameOfSlice: (nth: number, slices: Parameters<typeof sound.nameOfSlice>[1]) =>
      planted.fault === "slices-without-head" ? `slice ${nth}` : sound.nameOfSlice(nth, slices),
  };
});

vi.mock("../../../src/pages/reuse/pending-request.ts", async (importOriginal) => {
  const sound = await importOriginal<typeof Lead>();
  const mayValidate: typeof sound.mayValidate = async (...given) =>
    planted.fault === "purged-validator" || sound.mayValidate(...given);
  return { ...sound, mayValidate };
});

/** Does not find the head that is newer than a late body. */
class ForgetfulMemory<Detail> extends MemoryTier<Detail> {
  override read(...[key, ask]: Parameters<MemoryTier<Detail>["read"]>) {
    const isForgotten = planted.fault === "late-whole-body" && ask.isPeek === true;
    return isForgotten ? ({ kind: "absent" } as const) : super.read(key, ask);
  }
}

const forgetful: CacheFactories = { memory: (settings) => new ForgetfulMemory(settings) };

interface Answer extends Received {
  readonly colo: number;
  readonly askedAtMs: number;
  readonly endedAtMs: number;
}

interface HardPurge {
  readonly colo: number;
  readonly keepsTag: boolean;
  readonly version: number;
  readonly atMs: number;
}

/** A response that sessions may share. */
const shared = { "cache-control": "public, max-age=600" };

/** N of the purge protocol. */
const lagMs = 10_000;

/** Returns what is wrong with a history; empty if nothing is. */
async function run(seed: number): Promise<string[]> {
  const draws = new Draws(seed);
  const keepsTag = draws.isLucky(0.5);

  const ignoresIfRange = planted.fault === "no-if-range";
  const tag = (version: number) => (keepsTag ? '"always"' : `"${version}"`);
  const origin = slicedOrigin({ tag, ignoresIfRange, fields: shared });
  const gates: ReturnType<typeof closedGate>[] = [];
  let [heldCount, wholeCount, step] = [0, 0, 0];
  origin.change = async (answer, { headers }) => {
    const isWhole = wholeCount > 0 && headers.has("range") && !headers.has("if-none-match");
    if (isWhole) wholeCount -= 1;
    const { version } = origin;
    const fields = { ...origin.fields, etag: tag(version), "content-length": String(totalBytes) };
    const given = isWhole ? new Response(bytesOf(version), { headers: fields }) : answer;
    if (heldCount > 0) {
      heldCount -= 1;
      const gate = closedGate();
      gates.push(gate);
      await gate.opened;
    }
    return given;
  };
  const options = { ...slicedOptions(origin), factories: forgetful };
  const { site, upstash } = openJournalled(options);
  const { clock } = site;
  const far = openJournalled({ ...options, upstash, clock, env: { COLO: "NRT" } }).site;
  far.origin.script = site.origin.script;
  const colos = [site, far];
  const answers: Promise<Answer>[] = [];
  const purges: HardPurge[] = [];
  const ask = async (): Promise<Answer> => {
    const colo = draws.oneOf([0, 1]);
    const firstByte = Math.floor(draws.between(0, totalBytes));
    const part = `bytes=${firstByte}-`;
    const range = draws.oneOf(["", `${part}${firstByte + 9}`, part, "bytes=0-"]);
    const asked = { colo, askedAtMs: clock.atMs };
    // The request of a session is forwarded alone, and its late answer meets a newer head.
    const cookie = draws.isLucky(0.2) ? { cookie: "session=0123456789abcdef" } : {};
    const headers = { ...cookie, ...(range !== "" && { range }) };
    const response = await colos[colo]!.ask("/v", { headers });
    return { ...asked, ...(await received(response)), endedAtMs: clock.atMs };
  };
  const publish = async (mode: "hard" | "soft" | "none") => {
    origin.version += 1;
    if (mode === "none") return;
    const colo = draws.oneOf([0, 1]);
    await send(colos[colo]!, { urls: ["https://www.example.com/v"], mode });
    if (mode === "hard") purges.push({ colo, keepsTag, version: origin.version, atMs: clock.atMs });
  };
  for (; step < 60; step += 1) {
    const luck = draws.between(0, 1);
    if (luck < 0.45) answers.push(ask());
    else if (luck < 0.55) heldCount += 1;
    else if (luck < 0.7) gates.splice(Math.floor(draws.between(0, gates.length)), 1)[0]?.open();
    else if (luck < 0.78) await publish("hard");
    else if (luck < 0.84) await publish(keepsTag ? "hard" : draws.oneOf(["soft", "none"]));
    else if (luck < 0.88) wholeCount += 1;
    else if (luck < 0.92) draws.oneOf(colos).cache.empty();
    else if (luck < 0.99) clock.advance(Math.ceil(draws.between(0, 6)));
    else clock.advance(601);
    await idle();
  }
  heldCount = 0;
  for (const gate of gates) gate.open();
  const all = await Promise.all(answers);
  for (const colo of colos) await colo.settle();
  return wrongIn(all, purges);
}

function wrongIn(answers: readonly Answer[], purges: readonly HardPurge[]): string[] {
  const known = answers.flatMap((answer) => {
    const { status, fields, bytes } = answer;
    const first = Number(/^bytes (\d+)-/.exec(fields.get("content-range") ?? "")?.[1] ?? 0);
    if (![200, 206].includes(status) || bytes.length === 0) return [];
    const versions = Array.from({ length: 61 }, (_, at) => at + 1);
    const version = versions.find((one) =>
      bytesOf(one)
        .subarray(first, first + bytes.length)
        .every((byte, at) => byte === bytes[at]),
    );
    return [{ ...answer, version }];
  });
  return known.flatMap((answer) => {
    const { version = 0, askedAtMs, bytes, isCut, fields } = answer;
    const isShort = !isCut && bytes.length !== Number(fields.get("content-length") ?? bytes.length);
    if (version === 0) return mayMix(answer, purges) ? [] : ["two versions in one body"];
    const due = purges.findLast(({ atMs }) => atMs + lagMs <= askedAtMs)?.version ?? 0;
    return [
      isShort ? "a short body" : "",
      version < due ? `version ${version} after a purge for ${due}` : "",
    ].filter(Boolean);
  });
}

/**
 * Returns whether a colo did not yet have to know a purge: until N, an `ETag` that stays the same for
 * another body can deceive it.
 */
function mayMix({ colo, askedAtMs, endedAtMs }: Answer, purges: readonly HardPurge[]): boolean {
  return purges.some(
    ({ keepsTag, colo: at, atMs }) =>
      keepsTag && at !== colo && atMs >= askedAtMs - lagMs && atMs <= endedAtMs,
  );
}

it("no history mixes bodies, or has one from before a purge", async () => {
  for (let seed = 1; seed <= 6; seed += 1) expect([seed, await run(seed)]).toEqual([seed, []]);
}, 120_000);

it.each<{ fault: Fault; seed: number }>([
  { fault: "no-if-range", seed: 3 },
  { fault: "slices-without-head", seed: 1 },
])("history $seed finds the planted fault: $fault", async ({ fault, seed }) => {
  planted.fault = fault;
  expect(await run(seed)).toContain("two versions in one body");
});

/** Returns the body after a late whole body of version 1, which a session has asked for. */
async function afterLateBody() {
  const origin = slicedOrigin({ fields: shared });
  const { site } = openJournalled({ ...slicedOptions(origin), factories: forgetful });
  const gate = closedGate();
  origin.change = async (answer, { headers }) => {
    if (!headers.has("range")) await gate.opened;
    return answer;
  };
  const late = site.ask("/v", { headers: { cookie: "session=0123456789abcdef" } }).then(received);
  await idle();
  site.clock.advance(1);
  origin.version = 2;
  await received(await site.ask("/v", { headers: { range: "bytes=0-9" } }));
  gate.open();
  await late;
  await site.settle();
  return (await received(await site.ask("/v"))).bytes;
}

it("a late whole body does not replace a newer head, and the planted fault is found", async () => {
  expect(Buffer.compare(await afterLateBody(), bytesOf(2))).toBe(0);
  planted.fault = "late-whole-body";
  expect(Buffer.compare(await afterLateBody(), bytesOf(1))).toBe(0);
});

/** Returns the bytes of an answer during which a purge is accepted, and the body changes. */
async function duringPurge() {
  const origin = slicedOrigin({ tag: () => '"always"' });
  const { site } = openJournalled(slicedOptions(origin));
  await received(await site.ask("/v", { headers: { range: "bytes=0-0" } }));
  await site.settle();
  const gate = closedGate();
  origin.change = async (answer) => {
    await gate.opened;
    return answer;
  };
  origin.version = 2;
  const asking = site.ask("/v").then(received);
  await idle();
  await send(site, { urls: ["https://www.example.com/v"] });
  gate.open();
  return (await asking).bytes;
}

it("a purge cuts off the answer under way, and the planted fault is found", async () => {
  expect(Buffer.compare(await duringPurge(), bytesOf(1).slice(0, sliceBytes))).toBe(0);
  planted.fault = "purged-validator";
  const mixed = await duringPurge();
  expect(Buffer.compare(mixed.subarray(sliceBytes), bytesOf(2).slice(sliceBytes))).toBe(0);
});
