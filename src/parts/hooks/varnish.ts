// Accepts the purges that Magento, FOSHttpCache, Drupal and WordPress send to Varnish. These
// requests have no signature, so the sender's address or a token authenticates them.
import { isInNetworks, type Network, networkIn } from "../../config/trust-proxy.ts";
import { type Fault, isFault, type Reason } from "../../base/operator-error.ts";
import { type Env, isSet } from "../../protocol/variables/bindings.ts";
import { hookVariable } from "../../protocol/variables/secret-variables.ts";
import { tokenPattern } from "../../rules/cache-control.ts";
import { type HookSecrets, hookSecretsOf, isOneOf } from "./makers/hook-secrets.ts";
import { checkAll } from "./makers/sender-options.ts";
import type { OpenPart, PartContents, PartHost } from "../../admin/part-contents.ts";
import { addressOf } from "../../pages/request/forwarded-fields.ts";
import type { SitePart } from "../../part/port/part.ts";
import type { HookPorts, HookRefusal, Receives } from "./port/hook.ts";
import { receiver } from "./receiver.ts";
import { orderOf } from "./varnish-order.ts";
import { notUsable, tokenLengthMax } from "./makers/webhook-sender.ts";

/** How to recognize the senders. At least one field is required; if both are set, both apply. */
export interface VarnishOptions {
  /** Addresses and networks of the senders, such as `203.0.113.7` or `2001:db8::/32`. */
  readonly addresses?: readonly string[] | undefined;
  /** The request field that contains a secret of `HOOK_SECRET_VARNISH`. */
  readonly tokenHeader?: string | undefined;
}

/** The name in metrics, in the journal and in the variable of the secrets. */
const name = "varnish";
const methods: ReadonlySet<string> = new Set(["PURGE", "BAN"]);
const tagFields = [
  "x-magento-tags",
  "x-cache-tags",
  "cache-tags",
  "purge-cache-tags",
  "xkey",
  "edge-cache-tag",
];
/** The size of `POST /_cache/purge`. Servers usually accept fewer bytes of header fields. */
const fieldCharsMax = 65_536;

/**
 * Accepts the purges that applications send to Varnish, at any path of the site.
 *
 * @throws OperatorError for invalid options, and if there is neither an address nor a token
 *
 * @example
 * defineConfig({ parts: [varnish({ addresses: ["203.0.113.7", "2001:db8::/32"] })] });
 */
export function varnish(options: VarnishOptions): SitePart {
  checkAll(faultsIn(options), { what: "The dialect of Varnish", maker: "varnish()" });
  const contents: PartContents = { open: (host) => openVarnish(host, options) };
  return { kind: "site", name, tagFields, contents };
}

function openVarnish(host: PartHost, { addresses, tokenHeader }: VarnishOptions): OpenPart {
  const { env, site, cache } = host;
  const networks = addresses?.flatMap((text) => networkIn(text) ?? []);
  const { secrets, faults } =
    tokenHeader === undefined ? withoutToken(env) : hookSecretsOf(name, env);
  const received = receiver(host, "varnish");
  return {
    faults: isFault(secrets) ? [secrets, ...faults] : faults,
    ofMethods: {
      methods,
      answer(request, background, given) {
        const address = addressOf({ client: request.headers, address: given });
        const senders = { networks, tokenHeader, secrets, address };
        const hook: Receives = { receive: (asked, ports) => receive(asked, senders, ports) };
        const requester = { atMs: site.nowAtMs(), afterAnswer: cache.behind(background) };
        return received(request, { name, hook }, requester);
      },
    },
  };
}

/** Returns no secrets, and a fault if there is a secret that nothing requires. */
function withoutToken(env: Env): { readonly secrets: undefined; readonly faults: Fault[] } {
  const unused: Fault = {
    what: `${hookVariable(name)} has no effect, so the address alone admits senders of purges.`,
    why: "varnish() has no tokenHeader.",
    hint: "Set tokenHeader to the field that contains the secret, or remove the secret.",
  };
  return { secrets: undefined, faults: isSet(env, hookVariable(name)) ? [unused] : [] };
}

/** The senders that may purge. */
interface Senders {
  readonly networks: readonly Network[] | undefined;
  readonly tokenHeader: string | undefined;
  /** `undefined` if no token is required. */
  readonly secrets: HookSecrets | undefined;
  readonly address: string | null;
}

/**
 * Receives a purge request. Answers 200 with the position of the purge's entry; else 400, 403, 413
 * or 503 with the error.
 */
export async function receive<Order extends object, Answer>(
  request: Request,
  senders: Senders,
  ports: HookPorts<Order, Answer>,
): Promise<Answer> {
  const refusal = await refusalOf(request, senders, ports.judged);
  if (refusal !== undefined) return ports.refused(refusal);
  if ([...request.headers].join("").length > fieldCharsMax) return ports.refused(tooLarge);
  const written = orderOf(request);
  const order = "fault" in written ? written : ports.orderOf(written);
  if ("fault" in order) return ports.refused(malformed(order.fault));
  const purging = ports.purge(order, { id: "", by: name, bodyDigest: "" });
  // Some clients leave before the answer, and workerd cancels the request of a client that left.
  ports.afterAnswer(async () => void (await purging));
  return (await purging).answer;
}

async function refusalOf(
  { headers }: Request,
  { networks, tokenHeader, secrets, address }: Senders,
  judged: HookPorts<object, unknown>["judged"],
): Promise<HookRefusal | undefined> {
  if (networks !== undefined && !(address !== null && isInNetworks(address, networks))) {
    judged("wrong");
    return notAllowed(
      "The address of this client is unknown, or not in the list of this deployment.",
      "Add the public address of your application to addresses of varnish().",
    );
  }
  if (isFault(secrets)) return notUsable(secrets);
  if (tokenHeader !== undefined && secrets !== undefined) {
    const token = headers.get(tokenHeader);
    const isShort = token !== null && token.length <= tokenLengthMax;
    if (!isShort || !(await isOneOf(token, secrets))) {
      judged(token === null ? "malformed" : "wrong");
      return notAllowed(
        `The field ${tokenHeader} does not hold a secret of ${hookVariable(name)}.`,
        `Let the sender add the field ${tokenHeader} with this secret.`,
      );
    }
  }
  judged(undefined);
  return undefined;
}

const notAllowed = (why: string, hint: string) =>
  ({ status: 403, code: "not-allowed", refusal: "not-allowed", why, hint }) satisfies HookRefusal;

const malformed = (fault: Reason): HookRefusal => ({
  status: 400,
  code: "malformed",
  refusal: "malformed",
  ...fault,
});

const tooLarge: HookRefusal = {
  status: 413,
  code: "too-large",
  refusal: "too-large",
  why: `The header fields have over ${fieldCharsMax} characters.`,
  hint: "Send several purges with fewer tags each.",
};

function* faultsIn(options: VarnishOptions): Generator<string> {
  const { addresses, tokenHeader, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) yield `${JSON.stringify(unknown)} is not an option.`;
  if (addresses === undefined && tokenHeader === undefined) {
    yield "Neither addresses nor tokenHeader is set, so anybody could purge.";
  }
  if (addresses !== undefined && !(Array.isArray(addresses) && addresses.length > 0)) {
    yield "addresses is not a list of addresses.";
    return;
  }
  const wrong = addresses?.find((one) => typeof one !== "string" || networkIn(one) === undefined);
  if (wrong !== undefined) {
    yield `${JSON.stringify(wrong)} is not a network: write an address, or a network such as "10.0.0.0/8" whose host bits are 0.`;
  }
  if (addresses?.some((one) => String(one).endsWith("/0")) === true) {
    yield "addresses contains every address, so anybody could purge.";
  }
  if (tokenHeader !== undefined && !tokenPattern.test(tokenHeader)) {
    yield "tokenHeader is not a valid header field name.";
  }
}
