// GET and POST /_cache/switch: shows and changes which routes bypass the cache.
import { jsonIn } from "../base/json-text.ts";
import { isoOf } from "../base/iso-date.ts";
import * as v from "valibot";
import { traceIdOf } from "../rules/trace-context.ts";
import { loggedReason } from "../observe/log-line.ts";
import { unreachable } from "../base/unreachable.ts";
import type { Reason } from "../base/operator-error.ts";
import { routeNames } from "../platform/bypass.ts";
import type { Acceptances } from "../purge/acceptance/acceptance.ts";
import { orderBytesMax } from "../purge/acceptance/resolve-order.ts";
import { acceptedAtMs } from "../purge/journal/entry.ts";
import type { SwitchLog } from "../purge/journal/switch-log.ts";
import { type SwitchOrder, switchOrder } from "../protocol/operator-orders.ts";
import { quoted, reasonCharsMax } from "../protocol/purge-order.ts";
import type { Switch } from "../purge/journal/switch.ts";
import {
  type Bypass,
  isUnread,
  newestOf,
  type SwitchState,
} from "../purge/journal/switch-state.ts";
import type { Requester, PurgeView } from "../purge/view/view-port.ts";
import { bodyUpTo } from "./access/request-body.ts";
import { errorsOf, journalAway, jsonAnswer, notAccepted } from "./json-answers.ts";

/** Settings of the route. Without a journal, `switching` says why. */
export interface SwitchRouteSettings {
  readonly switching:
    | {
        readonly acceptances: Pick<Acceptances, "post" | "keepSwitch">;
        readonly switching: Pick<Switch, "read">;
        readonly switchLog: Pick<SwitchLog, "posted">;
        readonly view: Pick<PurgeView, "renewIfDue"> & {
          readonly tail: { readonly switched: SwitchState | undefined };
        };
      }
    | Reason;
  /** The bypass that the BYPASS variable sets. */
  readonly variable: Bypass;
  readonly routes: readonly { readonly name: string }[];
  readonly visibleWithinSeconds: number;
}

const example = 'Send {"bypass": true}, {"bypass": ["<route>"]} or {"bypass": false}';

/**
 * Answers `GET /_cache/switch`.
 *
 * @returns 200. `bypass`, `position` and `since` describe the newest post. If the database has lost
 *   it, but this isolate knows it, the isolate posts it again. `here` is the bypass in this isolate.
 *   `variable` is the bypass that BYPASS sets. If the journal does not answer,
 *   `bypass` is the last value that this isolate read, and `journal` gives the reason. `key` is an
 *   error message, present only if the stored state is unreadable: every route then bypasses the cache.
 *   `unknownRoutes` are posted names that match no route of this deployment
 */
export async function switchState(
  settings: SwitchRouteSettings,
  requester: Requester,
): Promise<Response> {
  const { switching, variable, visibleWithinSeconds, routes } = settings;
  if ("why" in switching) {
    return jsonAnswer({ ...stateAnswer(undefined), variable, journal: switching.why });
  }
  await switching.view.renewIfDue(requester)?.();
  const current = await switching.switching.read();
  const known = switching.view.tail.switched;
  const here = known?.bypass ?? false;
  if (current.kind === "unavailable") {
    const journal = journalAway(current, "send the request again");
    return jsonAnswer({ ...stateAnswer(known), here, variable, visibleWithinSeconds, journal });
  }
  const state = newestOf(current.state, known);
  if (state !== current.state) requester.afterAnswer(() => switching.acceptances.keepSwitch());
  const isSpoilt = current.state !== undefined && isUnread(current.state);
  const named = state === undefined || typeof state.bypass === "boolean" ? [] : state.bypass;
  const unknownRoutes = unknownOf(named, routes);
  return jsonAnswer({
    ...stateAnswer(state),
    here,
    variable,
    visibleWithinSeconds,
    ...(isSpoilt && { key: spoilt }),
    ...(unknownRoutes.length > 0 && { unknownRoutes }),
  });
}

const spoilt =
  "The journal's store has no readable state of the switch. The next post replaces it.";

function unknownOf(named: readonly string[], routes: SwitchRouteSettings["routes"]): string[] {
  return named.filter((one) => !routes.some(({ name }) => name === one));
}

/**
 * Handles `POST /_cache/switch`, whose body is `{"bypass": true | false | ["<route>", …], "reason"?: "…"}`.
 *
 * @returns 200 with the state and its position; 400, 408, 409, 413 or 503 with an error
 */
export async function switchRoute(
  request: Request,
  settings: SwitchRouteSettings,
  requester: Requester,
): Promise<Response> {
  const { switching, routes, variable, visibleWithinSeconds } = settings;
  const bounds = { bytesMax: orderBytesMax, hintOfLarge: tooLarge.hint };
  const bytes = await bodyUpTo(request, bounds);
  if ("why" in bytes) return refused(bytes.status, bytes.code, bytes);
  const order = readOrder(new TextDecoder().decode(bytes));
  if ("why" in order) return refused(400, "malformed", order);
  const { bypass, reason = "" } = order;
  const unknown = typeof bypass === "boolean" ? [] : unknownOf(bypass, routes);
  if (unknown.length > 0) {
    const names = routes.map(({ name }) => name);
    return refused(400, "unknown-route", noSuchRoute(unknown, names));
  }
  if ("why" in switching) return unavailable(withoutJournal(switching));
  const distinct = typeof bypass === "boolean" ? bypass : [...new Set(bypass)];
  const by = "admin";
  const posted = await switching.acceptances.post({ bypass: distinct, by, reason }, requester);
  switch (posted.kind) {
    case "posted": {
      const [trace_id, logged] = [traceIdOf(request.headers), loggedReason(reason)];
      switching.switchLog.posted(posted.state, { by, reason: logged, trace_id });
      return jsonAnswer({ ...stateAnswer(posted.state), variable, visibleWithinSeconds });
    }
    case "overtaken":
      return refused(409, "overtaken", conflict);
    case "too-large":
      return refused(413, "too-large", tooLarge);
    case "unavailable":
      return unavailable(withoutJournal(journalAway(posted, "send it again")));
    default:
      return unreachable(posted);
  }
}

function stateAnswer(state: SwitchState | undefined) {
  const { bypass = false, position = "" } = state ?? {};
  if (state === undefined || isUnread(state)) return { bypass, position: null, since: null };
  return { bypass, position, since: isoOf(acceptedAtMs(position)) };
}

function readOrder(body: string): SwitchOrder | Reason {
  const parsed = jsonIn(body);
  if (parsed === undefined) return { why: "The body is not JSON.", hint: `${example}.` };
  const checked = v.safeParse(switchOrder, parsed);
  if (checked.success) return checked.output;
  const place = checked.issues[0].path?.[0]?.key;
  const why =
    place === "reason"
      ? `reason must be a string of up to ${reasonCharsMax} characters.`
      : place === "bypass"
        ? "bypass must be true, false or an array of route names."
        : 'The body must be an object with "bypass", and may have "reason".';
  return { why, hint: `${example}.` };
}

const refused = errorsOf("Nothing was switched.");

const tooLarge: Reason = {
  why: "The body names more routes than an entry of the journal holds.",
  hint: 'Send {"bypass": true}, or fewer names.',
};

const conflict: Reason = {
  why: "Somebody else changed the switch at the same time.",
  hint: "Run tidemark switch, or read GET /_cache/switch. If you still want your change, send it again.",
};

const shownNamesMax = 10;

function noSuchRoute(unknown: readonly string[], names: readonly string[]): Reason {
  const shown = unknown.slice(0, shownNamesMax).map(quoted);
  const why = `The configuration has no route named ${shown.join(", ")}.`;
  const hint = `Name routes of the configuration: ${routeNames(names)}. Or send {"bypass": true}.`;
  return { why, hint };
}

/** Adds a hint on the variable BYPASS, which works without a journal. */
function withoutJournal({ why, hint }: Reason): Reason {
  return { why, hint: `${hint} Or deploy with the variable BYPASS, which needs no journal.` };
}

function unavailable(reason: Reason): Response {
  return notAccepted("The switch may not have changed.", reason);
}
