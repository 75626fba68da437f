// Purges of a deployment that can verify no sender: the fault, and the answer to everybody.
import { once } from "../base/once.ts";
import { type Fault, faultText } from "../base/operator-error.ts";
import type { PartHost } from "./part-contents.ts";
import { errorAnswer } from "./json-answers.ts";
import type { PurgeAnswer } from "./purge-answers.ts";
import { nothingPurged } from "./purge-sender.ts";

const noSender: Fault = {
  what: "Purges are refused: no sender can be verified.",
  why: "Neither PURGE_SECRET nor ADMIN_TOKEN is set.",
  hint: "Set them as secrets, PURGE_SECRET also at your site.",
};

/**
 * Returns the fault of a site with a journal of purges that nobody can send. Parts may accept purges of their own, and
 * code with the data cache, or within Astro, sends none by HTTP.
 */
export function faultOfSenders(settings: Omit<PartHost, "faults">): Fault[] {
  const { cache, data, parts, environment } = settings;
  const isCode = [...environment.origins.values()].some(
    (origin) => origin.kind === "handler" && origin.handle.runsInCaller,
  );
  const hasPart = parts.some(({ addWithoutToken: add, ofMethods }) => add ?? ofMethods);
  const hasOther = data !== undefined || isCode || hasPart || hasSender(settings);
  return cache.purging === undefined || hasOther ? [] : [noSender];
}

/** Returns whether a secret or a token, even an unusable one, is set. */
export const hasSender = ({ environment, auth }: Pick<PartHost, "environment" | "auth">): boolean =>
  (auth.adminToken ?? environment.purgeSecrets) !== undefined;

/**
 * Returns a function that refuses all purges of a deployment without secrets, and logs the cause once. The answer
 * names no secret, because anybody gets it. Its status, 503, makes the sender retry until the deployment is fixed.
 */
export function refusingAll({ site: { log }, faults }: Pick<PartHost, "site" | "faults">) {
  const tell = once(() => {
    const message = faultText(noSender);
    if (!faults.includes(noSender)) log({ event: "fault", level: "warn", message });
    return message;
  });
  return (): PurgeAnswer => {
    tell();
    const why = "This deployment can verify no sender of purges.";
    const hint = "Its operator finds the cause in its log. Then send the purge again.";
    const error = { code: "not-usable", what: nothingPurged, why, hint };
    return { answer: errorAnswer(503, error), refusal: "unavailable" };
  };
}
