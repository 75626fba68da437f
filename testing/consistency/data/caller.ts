// Sends one call to a place, and records the result.
import { Agent, request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { Call, CallAnswer, SeenFields, SeenValue } from "./calls.ts";
import type { DataRead } from "./checker/operations.ts";
import type { DataNode } from "./data-site.ts";
import type { UsedKey } from "./keys.ts";
import type { DataRecorder } from "./recorder.ts";
import type { Source } from "./source.ts";

/** The time for an answer in addition to the source's own time. */
const callOverheadMs = 18_500;

/** The result of a call, its times, and the life of the place that handled it. */
export interface Told {
  readonly answer: CallAnswer | undefined;
  readonly isolate: string;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
}

type By = DataRead["by"];

export class Caller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #recorder: DataRecorder;
  readonly #source: Source;
  readonly #keys: ReadonlyMap<string, UsedKey>;

  constructor(given: { recorder: DataRecorder; source: Source; keys: readonly UsedKey[] }) {
    this.#recorder = given.recorder;
    this.#source = given.source;
    this.#keys = new Map(given.keys.map((key) => [key.path, key]));
  }

  /** Sends a call. The result has no `answer` if none arrived. */
  async ask(place: DataNode, call: Call): Promise<Told> {
    const { isolate } = place;
    const invokedAtMs = this.#recorder.nowMs();
    const answer = await this.#asked(place, call).catch((cause: unknown) => {
      this.#recorder.failed(`no answer: ${wordOf(cause)}`);
      return undefined;
    });
    const returnedAtMs = this.#recorder.nowMs();
    if (answer?.kind === "failed") this.#recorder.failed(`${call.op}: ${answer.name}`);
    if (call.op === "set" || call.op === "set-fields") {
      const said = `${isolate} has answered to ${JSON.stringify(call)}, ${JSON.stringify(answer)}`;
      const tookMs = Math.round(returnedAtMs - invokedAtMs);
      this.#recorder.noted(`${call.space}/${call.name}`, `${said} after ${tookMs} ms`);
    }
    return { answer, isolate, invokedAtMs, returnedAtMs };
  }

  /** Sends a call that reads values or fields, and records their versions. */
  async read(place: DataNode, call: Call, by: By): Promise<Told> {
    const told = await this.ask(place, call);
    const { answer } = told;
    if (answer?.kind !== "done") return told;
    for (const { name, value } of answer.seen ?? []) {
      this.#noteValue(`${call.space}/${name}`, value, { place, told, by });
    }
    if (answer.fields) this.#noteFields(`${call.space}/${call.name}`, answer.fields, place, told);
    return told;
  }

  stop(): void {
    this.#agent.destroy();
  }

  #noteValue(path: string, value: SeenValue, of: { place: DataNode; told: Told; by: By }): void {
    const { id, copy } = value;
    if (id !== copy || value.path !== path) {
      this.#recorder.broken.push(`${path} is given as ${JSON.stringify(value)}`);
    }
    this.#noteVersion(path, [id], of);
  }

  #noteFields(path: string, fields: NonNullable<SeenFields>, place: DataNode, told: Told): void {
    const { title, text, views } = fields;
    const isTorn = title !== undefined && text !== undefined && title !== text;
    if (isTorn && this.#keys.get(path)?.isWhole === true) {
      const ofPlace = `${told.isolate} gives ${path}`;
      this.#recorder.broken.push(`${ofPlace} with the title of ${title} and the text of ${text}`);
    }
    const ids = [title, text].filter((id) => id !== undefined);
    if (ids.length > 0) this.#noteVersion(path, ids, { place, told, by: "fields" });
    if (views === undefined) return;
    this.#recorder.counts.push({ path, atMs: told.returnedAtMs, value: views });
  }

  /** Records the oldest of several versions. */
  #noteVersion(
    path: string,
    ids: readonly string[],
    { place, told, by }: { place: DataNode; told: Told; by: By },
  ): void {
    const versions = ids.map((id) => this.#source.versionOf(path, id));
    if (versions.includes(undefined)) {
      this.#recorder.broken.push(
        `${told.isolate} gives ${path} as ${ids.join(", ")}: never written`,
      );
      return;
    }
    const version = Math.min(...versions.map(Number));
    const { isolate, invokedAtMs, returnedAtMs } = told;
    const { name } = place;
    this.#recorder.reads.push({
      by,
      place: name,
      isolate,
      path,
      invokedAtMs,
      returnedAtMs,
      version,
    });
  }

  async #asked(place: DataNode, call: Call): Promise<CallAnswer> {
    const timeout = this.#source.answerMsMax + callOverheadMs;
    const outgoing = request(place.url, { method: "POST", agent: this.#agent, timeout });
    outgoing.once("timeout", () => outgoing.destroy(new Error("timed out")));
    outgoing.end(JSON.stringify(call));
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const body = Buffer.concat(await incoming.toArray()).toString();
    if (incoming.statusCode !== 200) throw new Error(`status ${incoming.statusCode}`);
    return JSON.parse(body) as CallAnswer;
  }
}

/** Returns the name of an error, such as `ECONNREFUSED` during a restart. */
function wordOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause ? String(cause.code) : cause.message;
}
