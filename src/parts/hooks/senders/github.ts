// The sender for GitHub.
import { tagBytes, tagBytesMax } from "../../../protocol/purge-order.ts";
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookFields, WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { listAt, memberAt, presetOf, tagsOrder, textAt } from "./payload.ts";

export interface GithubPayload {
  readonly action?: string;
  readonly ref?: string;
  readonly created?: boolean;
  readonly forced?: boolean;
  readonly repository?: { readonly default_branch: string; readonly full_name: string };
  readonly commits?: readonly {
    readonly added: readonly string[];
    readonly modified: readonly string[];
    readonly removed: readonly string[];
  }[];
  readonly deployment_status?: { readonly state: string };
  readonly build?: { readonly status: string };
}

/**
 * Makes a sender for GitHub's webhooks with a secret
 * (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
 *
 * The default mapping purges everything after a successful deployment or Pages build, `release` when
 * a release changes, and `file:<path>` for each file of a push to the default branch, or everything
 * if the push is forced. Ignores all other events, such as `ping`.
 */
export function github(options: PresetOptions<GithubPayload> = {}): WebhookSender {
  return hmacSender<GithubPayload>({
    header: "x-hub-signature-256",
    algorithm: "sha256",
    encoding: "hex",
    prefix: "sha256=",
    idHeader: "x-github-delivery",
    ...presetOf(options, changed),
  });
}

function changed(payload: GithubPayload, fields: WebhookFields): WebhookOrder | undefined {
  switch (fields.get("x-github-event") ?? "") {
    case "deployment_status":
      return textAt(payload, "deployment_status.state") === "success"
        ? { everything: true }
        : undefined;
    case "page_build":
      return textAt(payload, "build.status") === "built" ? { everything: true } : undefined;
    case "release":
      return { tags: ["release"] };
    case "push":
      return pushed(payload);
    default:
      return undefined;
  }
}

function pushed(payload: GithubPayload): WebhookOrder | undefined {
  const branch = textAt(payload, "repository.default_branch");
  if (textAt(payload, "ref") !== `refs/heads/${branch}`) return undefined;
  const commits = memberAt(payload, "commits");
  // A forced push does not list the commits that it drops, and a new branch may list too few.
  const isListed = ["forced", "created"].every((name) => memberAt(payload, name) !== true);
  // GitHub leaves out commits beyond 2,048, and files of a commit beyond 3,000.
  if (!isListed || !Array.isArray(commits) || commits.length === 0 || commits.length >= 2_048) {
    return { everything: true };
  }
  const files = commits.map(filesOf);
  if (!files.every((list) => list !== undefined && list.length < 3_000)) {
    return { everything: true };
  }
  const tags = files.flatMap((list) => (list ?? []).map((file) => `file:${file}`));
  if (tags.length === 0) return undefined;
  return tags.every((tag) => tagBytes(tag) <= tagBytesMax) ? tagsOrder(tags) : { everything: true };
}

/** Returns the changed files of a commit; `undefined` if a list of them is missing. */
function filesOf(commit: unknown): string[] | undefined {
  const lists = ["added", "modified", "removed"].map((kind) => listAt(commit, kind));
  return lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);
}
