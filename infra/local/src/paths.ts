import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");
/**
 * Everything that the local stack writes; git-ignored. MUSTER_HOME puts it elsewhere: a relative one is below the checkout, for
 * the servers and services that use it run in folders of their own.
 */
const home = path.resolve(root, process.env["MUSTER_HOME"] || ".muster");

export const paths = {
  root,
  home,
  logs: path.join(home, "logs"),
  environment: path.join(home, "local.env"),
  /** Where the system that runs has its databases and its Kafka: written at each start, for the operator's tool. */
  databases: path.join(home, "databases.env"),
  mariadbTemplates: path.join(home, "mariadb-template"),
  mariadbData: path.join(home, "mariadb"),
  /** What Kafka's jars are, not where. */
  kafkaJars: path.join(root, "infra/local/kafka"),
  kafkaData: path.join(home, "kafka"),
  prometheus: path.join(home, "prometheus"),
  nginx: path.join(home, "nginx"),
  nginxTemplate: path.join(root, "infra/nginx/muster.conf.template"),
  pageTemplate: path.join(root, "infra/nginx/page.conf.template"),
  web: path.join(root, "services/web"),
  node: process.execPath,
};
