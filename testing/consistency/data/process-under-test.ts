// The Node process of a run, behind its own front to Redis.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../../local/bundling.ts";
import type { DataRecorder } from "./recorder.ts";
import { TcpFront } from "./tcp-front.ts";

const processName = "process";

/** A folder below which modules can import the packages of this repository. */
const cacheFolder = join(root, "node_modules/.cache");

export class ProcessUnderTest {
  readonly name = processName;
  readonly front: TcpFront;
  readonly #module: string;
  readonly #given: StartProcess;
  #child: ChildProcess | undefined;
  #port = 0;
  #lives = 0;
  #life = { isolate: "", colo: processName, version: "today", fromMs: 0, untilMs: Infinity };

  private constructor(given: StartProcess, front: TcpFront, modulePath: string) {
    this.#given = given;
    this.front = front;
    this.#module = modulePath;
  }

  static async start(given: StartProcess): Promise<ProcessUnderTest> {
    const { recorder } = given;
    const front = await TcpFront.start(given.redisUrl, (position) => {
      const { positions } = recorder;
      if (!positions.has(position)) positions.set(position, recorder.nowMs());
    });
    await mkdir(cacheFolder, { recursive: true });
    const folder = await mkdtemp(join(cacheFolder, "tidemark-process-"));
    const modulePath = join(folder, "process.mjs");
    await writeFile(modulePath, given.module);
    const started = new ProcessUnderTest(given, front, modulePath);
    try {
      await started.#begin();
      return started;
    } catch (cause) {
      await started.stop();
      throw cause;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isolate(): string {
    return this.#life.isolate;
  }

  /** Kills the process, and starts another on the same port with an empty memory. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#begin();
  }

  async stop(): Promise<void> {
    await this.#end();
    await this.front.stop();
    await rm(join(this.#module, ".."), { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    this.#lives += 1;
    const { recorder, originUrl } = this.#given;
    const fromMs = recorder.nowMs();
    const isolate = `${processName}#${this.#lives}`;
    this.#life = { ...this.#life, isolate, fromMs, untilMs: Infinity };
    recorder.world.isolates.push(this.#life);
    const given = { REDIS_URL: this.front.url, ORIGIN_URL: originUrl };
    const env = { ...process.env, ...given, PORT: String(this.#port) };
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    const child = fork(this.#module, { env, execArgv });
    this.#child = child;
    const gone = once(child, "exit").then(() =>
      Promise.reject(new Error("The process has ended.")),
    );
    const [told] = await Promise.race([once(child, "message"), gone]);
    gone.catch(() => undefined);
    this.#port = (told as { port: number }).port;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    this.#life.untilMs = this.#given.recorder.nowMs();
  }
}

interface StartProcess {
  readonly module: string;
  readonly redisUrl: string;
  readonly originUrl: string;
  readonly recorder: DataRecorder;
}
