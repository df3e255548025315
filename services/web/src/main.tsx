import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/match.css";
import "./styles/matches.css";
import "./styles/chat.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { restore } from "./session/session.ts";
import { detach } from "./detach.ts";

detach(restore());
render(<App />, document.getElementById("app") as HTMLElement);
