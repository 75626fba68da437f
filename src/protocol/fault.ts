// A fault: the three sentences in which refusals, findings and the command say what is wrong.
export { type Fault, faultOf, faultText, isFault } from "../base/operator-error.ts";
