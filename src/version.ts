// The version of this release.

/**
 * The `version` of package.json, which a test compares with this constant. A Worker cannot read the
 * file.
 */
export const version = "0.1.0";
