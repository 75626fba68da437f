// The version of this release.

/**
 * The `version` of package.json, which a Worker cannot read. A test compares the two versions.
 */
export const version = "0.2.0";
