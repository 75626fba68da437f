// Creates errors for sites that cannot be used, or do not answer like Tidemark.
import type { ErrorAnswer } from "../../../../src/protocol/answers.ts";
import { type CommandError, failure, interruption, usageError } from "../command-error.ts";
import { networkFailure } from "../asking/network-failure.ts";
import type { ChosenSite } from "./chosen-site.ts";

/**
 * Statuses that a server in front of the Worker sends, or that the platform sends if the Worker
 * fails.
 */
const betweenStatuses: ReadonlySet<number> = new Set([
  429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530,
]);

/** Codes of temporary failures, after which a retry makes sense. */
export const passingCodes: ReadonlySet<string> = new Set(["unavailable", "unreachable", "between"]);

/** Creates the errors for one site. */
export class SiteFailures {
  readonly #site: ChosenSite;
  readonly #interrupted: AbortSignal;
  readonly #answerMsMax: number;

  constructor(site: ChosenSite, interrupted: AbortSignal, answerMsMax: number) {
    this.#site = site;
    this.#interrupted = interrupted;
    this.#answerMsMax = answerMsMax;
  }

  noToken(): CommandError {
    return usageError({
      what: "Nothing was sent.",
      why: `There is no token for ${this.#site.origin}.`,
      hint: "Set TIDEMARK_TOKEN to its ADMIN_TOKEN, or store it with: tidemark profile set NAME --site URL.",
    });
  }

  unreachable(cause: unknown): CommandError {
    if (this.#interrupted.aborted) return interruption("The request to the site was interrupted.");
    const { code, why } = networkFailure(cause, this.#answerMsMax);
    const isCertificate = code === "certificate";
    const fault = {
      what: `${this.#site.origin} could not be reached.`,
      why: isCertificate ? `${why}, so no token was sent.` : `${why}.`,
      hint: isCertificate ? hintOfCertificate : "Check the address, and that the site is up.",
    };
    return failure(fault, "unreachable", cause);
  }

  /**
   * Uses the site's own message. Only the hint for a wrong token is replaced, because the site's hint is for
   * other clients.
   */
  refused({ code, what, why, hint }: ErrorAnswer["error"]): CommandError {
    const isOfToken = code === "unauthorized";
    return failure({ what, why, hint: isOfToken ? hintOfToken : hint }, code);
  }

  notOurs(route: string, { status, headers }: Response): CommandError {
    const { origin, operatorPath } = this.#site;
    const location = URL.parse(headers.get("location") ?? "", origin);
    if (status >= 300 && status < 400 && location !== null) {
      const why = `It redirects to ${location.origin}, and the token is not sent to another address.`;
      return this.#notTidemark(why, "Use the site's own address.");
    }
    const type = headers.get("content-type")?.split(";", 1)[0] ?? "no type";
    const answer = `Its answer (${status}, ${type})`;
    if (betweenStatuses.has(status)) {
      const why = `${answer} is not from Tidemark: a server in front of the Worker sent it, or the Worker fails.`;
      return this.#notTidemark(
        why,
        "Try again later. If it persists, check the Worker's logs.",
        "between",
      );
    }
    if (status === 404 && route === "probe") return this.#noProbe();
    const nothing = `It serves nothing at ${operatorPath}/${route}, or its Tidemark is older than this command.`;
    return this.#notTidemark(status === 404 ? nothing : `${answer} is not from Tidemark.`);
  }

  #noProbe(): CommandError {
    const { origin } = this.#site;
    return failure({
      what: "Nothing was probed.",
      why: `The configuration of ${origin} has no probe, or its Tidemark is older than this command.`,
      hint: "Add probe: purgeProbe() from tidemark/probe to the configuration, and deploy.",
    });
  }

  notProven(): CommandError {
    const why = "It did not prove that it knows the ADMIN_TOKEN, so no token was sent.";
    return this.#notTidemark(why);
  }

  /** @param place the path of the invalid member; empty for the whole answer */
  misshapen(route: string, place: string): CommandError {
    const { operatorPath } = this.#site;
    const fault = place === "" ? "has an unexpected form" : `has no valid ${JSON.stringify(place)}`;
    return this.#notTidemark(`Its answer at ${operatorPath}/${route} ${fault}.`);
  }

  tooLong(route: string, bytesMax: number): CommandError {
    const { operatorPath } = this.#site;
    const mebibytes = bytesMax / 1_024 / 1_024;
    return this.#notTidemark(
      `Its answer at ${operatorPath}/${route} is longer than ${mebibytes} MiB.`,
    );
  }

  #notTidemark(why: string, hint = hintOfSite, code = "not-tidemark"): CommandError {
    const what = `${this.#site.origin} did not answer like Tidemark.`;
    return failure({ what, why, hint }, code);
  }
}

const hintOfCertificate =
  "Check the host's name and its certificate. If you use your own certificate authority, set NODE_EXTRA_CA_CERTS to its file.";
const hintOfToken =
  "Set TIDEMARK_TOKEN to the secret ADMIN_TOKEN of that Worker, or store it with: tidemark profile set NAME --site URL.";
const hintOfSite =
  "Check that this version of Tidemark runs in front of the site, and check its ADMIN_TOKEN and operatorPath.";
