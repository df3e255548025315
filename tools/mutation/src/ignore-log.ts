// A Stryker plugin that ignores log statements: tests should not depend on the exact text of a log line.
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

const LOG_CALL = /(^|[.#])log\??\.(debug|info|warn|error|fatal)$/;
/** Their texts are for who reads a defect's stack. */
const ASSERTION = /^(assert|must)$/;

/** Of Babel's NodePath, what is used here: Stryker's type of it is empty. */
interface Node {
  readonly parentPath: Node | null;
  isCallExpression(): boolean;
  isBlockStatement(): boolean;
  isExpressionStatement(): boolean;
  isStringLiteral(): boolean;
  get(child: "body"): readonly Node[];
  get(child: "callee" | "expression"): Node;
  toString(): string;
}

function logs(node: Node): boolean {
  if (node.isBlockStatement()) return node.get("body").length > 0 && node.get("body").every(logs);
  if (node.isExpressionStatement()) return logs(node.get("expression"));
  return node.isCallExpression() && LOG_CALL.test(node.get("callee").toString());
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, "log", {
    shouldIgnore(path) {
      const node = path as unknown as Node;
      if (logs(node)) return "it only logs";
      const call = node.parentPath;
      if (!node.isStringLiteral() || !call?.isCallExpression()) return undefined;
      return ASSERTION.test(call.get("callee").toString()) ? "the text of an assertion" : undefined;
    },
  }),
];
