// What `npm start` was asked for, checked before anything is started.
import { parseArgs } from "node:util";
import { originUrlFault, shownUrl } from "../src/config/origin-url.ts";
import { OperatorError } from "../src/operator-error.ts";
import { defaultConfigPath } from "./load-config.ts";

export interface StartOptions {
  /** The site to stand before; `undefined` for the demo news site. */
  readonly origin: string | undefined;
  /** Of the first colo; the others follow it. */
  readonly port: number;
  readonly colos: number;
  /** `undefined` for the embedded Valkey. */
  readonly redis: string | undefined;
  readonly config: string;
  readonly rttMs: number;
  readonly replicaLagMs: number;
}

export const help = `Tidemark on this machine: a site behind the cache, every part of it started here.

  npm start -- [options]

  --origin URL        stand before this site (scheme and host alone) instead of the demo news site
  --port N            port of the first colo (8787)
  --colos N           number of colos, on consecutive ports, each a process of its own (1)
  --redis URL         use this Redis, such as redis://127.0.0.1:6379, instead of the embedded Valkey
  --config FILE       use this configuration instead of tidemark.config.ts
  --rtt MS            let every answer of the shared tier take that much longer, as distance does (0)
  --replica-lag MS    read the shared tier as it was that long ago, as a replica may be (0)
  --help              show this

ADMIN_TOKEN (16 characters or more) and PURGE_SECRET are taken from the environment, else made up and shown once.
`;

const colosMax = 16;

/** @returns `help` if that was asked for. @throws OperatorError naming the option that is wrong */
export function readStartOptions(args: readonly string[]): StartOptions | "help" {
  const { values } = parsed(args);
  if (values.help === true) return "help";
  const colos = wholeNumber("--colos", values.colos, { from: 1, to: colosMax }) ?? 1;
  return {
    origin: values.origin === undefined ? undefined : originOf(values.origin),
    port: wholeNumber("--port", values.port, { from: 1, to: 65_536 - colos }) ?? 8_787,
    colos,
    redis: values.redis === undefined ? undefined : redisOf(values.redis),
    config: values.config ?? defaultConfigPath,
    rttMs: wholeNumber("--rtt", values.rtt, { from: 0, to: 60_000 }) ?? 0,
    replicaLagMs:
      wholeNumber("--replica-lag", values["replica-lag"], { from: 0, to: 600_000 }) ?? 0,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        origin: text,
        port: text,
        colos: text,
        redis: text,
        config: text,
        rtt: text,
        "replica-lag": text,
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new OperatorError({
      what: "The options are refused.",
      why: (cause instanceof Error ? cause.message : "").split(/\. |\n/, 1)[0] + ".",
      mend: "See npm start -- --help.",
    });
  }
}

function wholeNumber(
  option: string,
  given: string | undefined,
  range: { from: number; to: number },
): number | undefined {
  if (given === undefined) return undefined;
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= range.from && value <= range.to) return value;
  throw new OperatorError({
    what: `${option} is refused.`,
    why: `${JSON.stringify(given)} is no whole number from ${range.from} to ${range.to}.`,
    mend: "See npm start -- --help.",
  });
}

function originOf(url: string): string {
  const fault = originUrlFault(url);
  if (fault === undefined) return new URL(url).origin;
  throw new OperatorError({
    what: "--origin is refused.",
    why: `${shownUrl(url)} ${fault}.`,
    mend: "Write scheme and host alone, such as http://127.0.0.1:3000.",
  });
}

function redisOf(url: string): string {
  const scheme = URL.parse(url)?.protocol;
  if (scheme === "redis:" || scheme === "rediss:") return url;
  throw new OperatorError({
    what: "--redis is refused.",
    why: scheme === undefined ? "It is no URL." : "It has another scheme.",
    mend: "Write an address such as redis://127.0.0.1:6379.",
  });
}
