import { runService } from "@muster/service";
import { service } from "./service.ts";

await runService(service);
