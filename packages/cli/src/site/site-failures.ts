// Why a site was not asked, or did not answer as Tidemark does.
import type { ErrorAnswer } from "../../../../src/protocol/answers.ts";
import { type CommandError, failure, interruption, usageError } from "../command-error.ts";
import { networkFailure } from "../asking/network-failure.ts";
import type { ChosenSite } from "./chosen-site.ts";

/** What a server between the command and the Worker answers in its place. */
const betweenStatuses: ReadonlySet<number> = new Set([
  429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530,
]);

/** Codes of failures that may pass, so that the same may be asked again. */
export const passingCodes: ReadonlySet<string> = new Set(["unavailable", "unreachable", "between"]);

/** Makes the errors of one site. */
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
      mend: "Set TIDEMARK_TOKEN to its ADMIN_TOKEN, or store it with: tidemark profile set NAME --site URL.",
    });
  }

  unreachable(cause: unknown): CommandError {
    if (this.#interrupted.aborted) return interruption("The site was not asked to the end.");
    const { code, why } = networkFailure(cause, this.#answerMsMax);
    const isCertificate = code === "certificate";
    const fault = {
      what: `${this.#site.origin} was not reached.`,
      why: isCertificate ? `${why}, so no token was sent.` : `${why}.`,
      mend: isCertificate ? mendOfCertificate : "Check the address, and that the site is up.",
    };
    return failure(fault, "unreachable", cause);
  }

  /** By the site's own sentences. What they say to do about a token is said for senders of HTTP. */
  refused({ code, what, why, mend }: ErrorAnswer["error"]): CommandError {
    const isOfToken = code === "unauthorized";
    return failure({ what, why, mend: isOfToken ? mendOfToken : mend }, code);
  }

  notOurs(route: string, { status, headers }: Response): CommandError {
    const { origin, operatorPath } = this.#site;
    const location = URL.parse(headers.get("location") ?? "", origin);
    if (status >= 300 && status < 400 && location !== null) {
      const why = `It redirects to ${location.origin}, and the token goes to no other place.`;
      return this.#notTidemark(why, "Name the address that the site has itself.");
    }
    const type = headers.get("content-type")?.split(";", 1)[0] ?? "no type";
    const answer = `Its answer (${status}, ${type})`;
    if (betweenStatuses.has(status)) {
      const why = `${answer} is none of Tidemark's: a server before the Worker gives it, or the Worker fails.`;
      return this.#notTidemark(
        why,
        "Try again later. If it stays so, look at the Worker's logs.",
        "between",
      );
    }
    const nothing = `It has nothing at ${operatorPath}/${route}, or its Tidemark is older than this command.`;
    return this.#notTidemark(status === 404 ? nothing : `${answer} is none of Tidemark's.`);
  }

  notProven(): CommandError {
    const why = "It did not prove that it knows the ADMIN_TOKEN, so no token was sent.";
    return this.#notTidemark(why);
  }

  /** @param place the path of the member that is wrong; empty where it is the whole */
  misshapen(route: string, place: string): CommandError {
    const { operatorPath } = this.#site;
    const fault = place === "" ? "is of another form" : `has no usable ${JSON.stringify(place)}`;
    return this.#notTidemark(`Its answer at ${operatorPath}/${route} ${fault}.`);
  }

  tooLong(route: string, bytesMax: number): CommandError {
    const { operatorPath } = this.#site;
    const mebibytes = bytesMax / 1_024 / 1_024;
    return this.#notTidemark(
      `Its answer at ${operatorPath}/${route} is longer than ${mebibytes} MiB.`,
    );
  }

  #notTidemark(why: string, mend = mendOfSite, code = "not-tidemark"): CommandError {
    const what = `${this.#site.origin} did not answer as Tidemark does.`;
    return failure({ what, why, mend }, code);
  }
}

const mendOfCertificate =
  "Check the host's name and its certificate. If you have an authority of your own, name its file in NODE_EXTRA_CA_CERTS.";
const mendOfToken =
  "Set TIDEMARK_TOKEN to the secret ADMIN_TOKEN of that Worker, or store it with: tidemark profile set NAME --site URL.";
const mendOfSite =
  "Check that Tidemark of this version stands before the site, that its ADMIN_TOKEN is set, and its operatorPath.";
