// The first part of doctor: checks the folder that a Worker is deployed from.
import type { DoctorFinding, Examination } from "../finding.ts";
import { workerFindings } from "./worker-findings.ts";
import { bindingFindings } from "./binding-findings.ts";
import type { FolderRead } from "./read-folder.ts";
import { secretFileFindings, secretsInVars } from "./secret-findings.ts";

export function examineFolder(read: FolderRead): Examination {
  const { wrangler, secretFiles } = read;
  const seen = [
    ...(wrangler.kind === "absent" ? [] : [wrangler.name]),
    ...secretFiles.map(({ name }) => name),
  ];
  return {
    findings: [
      ...(wrangler.kind === "malformed" ? [malformed(wrangler)] : []),
      ...ofDeployments(read),
      ...secretFileFindings(read),
    ],
    lookedAt: seen.length === 0 ? [] : [`the folder: ${seen.join(", ")}`],
    notLookedAt: [
      ...(wrangler.kind === "absent"
        ? ["The wrangler file: this folder has none. Run doctor in the folder of the Worker."]
        : []),
      ...(wrangler.kind === "read"
        ? ["Secrets stored at Cloudflare: the wrangler file does not show them."]
        : []),
    ],
  };
}

function malformed({ name, why }: { name: string; why: string }): DoctorFinding {
  return {
    code: "wrangler-syntax",
    level: "critical",
    about: `the file ${name}`,
    what: "The Worker cannot be deployed.",
    cause: why,
    remedy: `Fix that line of ${name}.`,
  };
}

/** Reports a finding about an inherited setting only once, for the top level. */
function ofDeployments(read: FolderRead): DoctorFinding[] {
  const answer = new Set<string>();
  return read.deployments.flatMap((deployment) => {
    const found = [
      workerFindings(deployment, read),
      secretsInVars(deployment),
      bindingFindings(deployment, read),
    ].flat();
    const textOf = ({ code, cause }: DoctorFinding) => `${code} ${cause}`;
    const isNew = (one: DoctorFinding) =>
      !answer.has(textOf(one)) || (one.about !== undefined && ownCodes.has(one.code));
    const fresh = found.filter(isNew);
    if (deployment.environment === undefined) for (const one of found) answer.add(textOf(one));
    return fresh;
  });
}

/** Codes about settings that an environment does not inherit. */
const ownCodes: ReadonlySet<string> = new Set(["origin-missing", "secret-in-vars"]);
