// Validates the options of a local start before anything is started.
import { parseArgs } from "node:util";
import { originUrlFault, shownUrl } from "../src/protocol/variables/origin-url.ts";
import { OperatorError } from "../src/base/operator-error.ts";
import { defaultConfigPath } from "./load-config.ts";

const storeNames = ["redis", "cloudflare"] as const;

export interface StartOptions {
  /** The site behind Tidemark; `undefined` for the project's own origin, or for the demo news site. */
  readonly origin: string | undefined;
  /** The port of the first colo; the others use the next ones. */
  readonly port: number;
  readonly colos: number;
  /** `cloudflare`: Durable Objects and R2, without Redis. */
  readonly stores: (typeof storeNames)[number];
  /** `undefined` for the embedded Valkey. */
  readonly redis: string | undefined;
  /** More hosts for which the site answers, in lower case. */
  readonly allowedHosts: readonly string[];
  readonly isJson: boolean;
}

/** The options as written. */
export interface GivenStartOptions {
  readonly origin?: string | undefined;
  readonly port?: string | undefined;
  readonly colos?: string | undefined;
  readonly stores?: string | undefined;
  readonly redis?: string | undefined;
  readonly allowedHost?: readonly string[] | undefined;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

export const startHelp = `Runs a site behind Tidemark on this machine, with all its parts.

  npm start -- [options]

  --origin URL        use this site (scheme and host) instead of the demo news site
  --port N            port of the first colo (default: 8787)
  --colos N           number of colos, on consecutive ports, each in its own process (1)
  --stores NAME       redis, or cloudflare: Durable Objects and R2, without Redis (redis)
  --redis URL         use this Redis, such as redis://127.0.0.1:6379, instead of the embedded Valkey
  --allowed-host NAME also answer for this host, such as that of a tunnel; may be repeated
  --config FILE       use this configuration instead of tidemark.config.ts
  --json              print only JSON, one object per line
  --help              show this help

Variables and secrets come from .dev.vars. ADMIN_TOKEN (16 characters or more), PURGE_SECRET, SITE_HOST, HOOK_SECRET_<NAME> and
OUTWARD_SECRET_<NAME> of the shell win over it. The command generates ADMIN_TOKEN and PURGE_SECRET if missing, and shows them once.
`;

const colosMax = 16;

/** Returns `help` for `--help`. @throws OperatorError that names the invalid option */
export function readStartOptions(
  args: readonly string[],
): { options: StartOptions; config: string } | "help" {
  const { values } = parsed(args);
  if (values.help === true) return "help";
  const given = { ...values, allowedHost: values["allowed-host"] };
  const options = checkedStartOptions(given, "npm start -- --help");
  return { options, config: values.config ?? defaultConfigPath };
}

/**
 * @param help the command that explains the options
 * @throws OperatorError that names the invalid option
 */
export function checkedStartOptions(given: GivenStartOptions, help: string): StartOptions {
  const whole = wholeNumbers(help);
  const colos = whole("--colos", given.colos, { from: 1, to: colosMax }) ?? 1;
  return {
    origin: given.origin === undefined ? undefined : originOf(given.origin),
    port: whole("--port", given.port, { from: 1, to: 65_536 - colos }) ?? 8_787,
    colos,
    stores: storesOf(given, help),
    redis: given.redis === undefined ? undefined : redisOf(given.redis),
    allowedHosts: (given.allowedHost ?? []).map(hostOf),
    isJson: given.json === true,
  };
}

/** @throws OperatorError for an unknown name, or for an option of Redis without Redis */
function storesOf(given: GivenStartOptions, help: string): StartOptions["stores"] {
  const { stores: text = "redis" } = given;
  const stores = storeNames.find((name) => name === text);
  if (stores !== undefined && (stores === "redis" || given.redis === undefined)) return stores;
  throw new OperatorError({
    what: stores === undefined ? "--stores is invalid." : "--redis has no effect.",
    why:
      stores === undefined
        ? `${JSON.stringify(text)} is neither redis nor cloudflare.`
        : "These stores are not in Redis.",
    hint: `Run ${help} for the options.`,
  });
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
        stores: text,
        redis: text,
        "allowed-host": { ...text, multiple: true },
        config: text,
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new OperatorError({
      what: "The options are invalid.",
      why: (cause instanceof Error ? cause.message : "").split(/\. |\n/, 1)[0] + ".",
      hint: "See npm start -- --help.",
    });
  }
}

function wholeNumbers(help: string) {
  return (option: string, given: string | undefined, range: { from: number; to: number }) => {
    if (given === undefined) return undefined;
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= range.from && value <= range.to) return value;
    throw new OperatorError({
      what: `${option} is invalid.`,
      why: `${JSON.stringify(given)} is not a whole number from ${range.from} to ${range.to}.`,
      hint: `See ${help}.`,
    });
  };
}

function originOf(url: string): string {
  const fault = originUrlFault(url);
  if (fault === undefined) return new URL(url).origin;
  throw new OperatorError({
    what: "--origin is invalid.",
    why: `${shownUrl(url)} ${fault}.`,
    hint: "Write only scheme and host, such as http://127.0.0.1:3000.",
  });
}

function redisOf(url: string): string {
  const scheme = URL.parse(url)?.protocol;
  if (scheme === "redis:" || scheme === "rediss:") return url;
  throw new OperatorError({
    what: "--redis is invalid.",
    why: scheme === undefined ? "It is not a URL." : "Its scheme is not redis or rediss.",
    hint: "Write an address such as redis://127.0.0.1:6379.",
  });
}

function hostOf(name: string): string {
  const host = name.toLowerCase();
  if (URL.parse(`http://${host}`)?.host === host && !host.includes(":")) return host;
  throw new OperatorError({
    what: "--allowed-host is invalid.",
    why: `${JSON.stringify(name)} is not a host without a port.`,
    hint: "Write only the name, such as my-site.tunnel.example.",
  });
}
