// The first part of doctor: checks the folder that a Worker is deployed from.
import type { Fault } from "../../../../../src/protocol/fault.ts";
import type { DoctorFinding, Examination } from "../finding.ts";
import { bindingFindings } from "./binding-findings.ts";
import { devFindings } from "./dev-findings.ts";
import type { FolderRead } from "./read-folder.ts";
import { runtimeFindings } from "./runtime-findings.ts";
import { secretFileFindings, secretsInVars } from "./secret-findings.ts";
import { workerFindings } from "./worker-findings.ts";

export function examineFolder(read: FolderRead): Examination {
  const { wrangler, cfNotes, secretFiles, config } = read;
  const seen = [
    ...(wrangler.kind === "absent" ? [] : [wrangler.name]),
    ...secretFiles.map(({ name }) => name),
    ...(config && config.unread === undefined ? [config.name] : []),
  ];
  return {
    findings: [
      ...(wrangler.kind === "malformed" ? [malformed(wrangler)] : []),
      ...(config?.fault ? [invalid(config.name, config.fault)] : []),
      ...ofDeployments(read),
      ...secretFileFindings(read),
      ...devFindings(read),
    ],
    lookedAt: seen.length === 0 ? [] : [`the folder: ${seen.join(", ")}`],
    notLookedAt: [
      ...(wrangler.kind === "absent"
        ? ["The wrangler file: this folder has none. Run doctor in the folder of the Worker."]
        : []),
      ...cfNotes,
      ...(config?.unread === undefined ? [] : [`${config.name}: ${config.unread}`]),
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

const invalid = (name: string, { what, why, hint }: Fault): DoctorFinding => ({
  code: "config-invalid",
  level: "critical",
  about: `the file ${name}`,
  what,
  cause: why,
  remedy: hint,
});

/** Reports a finding about an inherited setting only once, for the top level. */
function ofDeployments(read: FolderRead): DoctorFinding[] {
  const answer = new Set<string>();
  return read.deployments.flatMap((deployment) => {
    const found = [
      workerFindings(deployment, read),
      runtimeFindings(deployment, read),
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
