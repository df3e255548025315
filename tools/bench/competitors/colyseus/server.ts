import { Server, Room, type Client } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
const transportName = process.env.TRANSPORT ?? "uws";
const Ship = schema({
  x: t.int16(),
  y: t.int16(),
  vx: t.int16(),
  vy: t.int16(),
  angle: t.uint8(),
  hp: t.uint8(),
  score: t.uint8(),
  seq: t.uint16(),
} as any);
const Bullet = schema({ x: t.int16(), y: t.int16(), owner: t.uint8() } as any);
const Duel = schema({ tick: t.uint32(), ships: t.map(Ship as any), bullets: t.array(Bullet as any) } as any);
let rooms = 0;
let tickLate: number[] = [];
class DuelRoom extends Room {
  maxClients = 2;
  autoDispose = true;
  state: any;
  inputs = new Map<string, any>();
  last = 0;
  onCreate() {
    this.state = new (Duel as any)();
    (this as any).patchRate = 1000 / 30;
    rooms++;
    this.onMessageBytes?.("i", () => {});
    this.onMessage("i", (c: Client, m: any) => {
      this.inputs.set(c.sessionId, m);
    });
    this.setSimulationInterval(() => this.step(), 1000 / 30);
  }
  onJoin(c: Client) {
    const s = new (Ship as any)();
    s.x = (Math.random() * 2000) | 0;
    s.y = (Math.random() * 2000) | 0;
    s.hp = 100;
    this.state.ships.set(c.sessionId, s);
  }
  onLeave(c: Client) {
    this.state.ships.delete(c.sessionId);
  }
  step() {
    const now = performance.now();
    if (this.last) tickLate.push(now - this.last - 1000 / 30);
    this.last = now;
    const st = this.state;
    st.tick++;
    let o = 0;
    for (const [id, s] of st.ships) {
      const m = this.inputs.get(id);
      if (m) {
        s.angle = m.a;
        s.vx = (m.t ? Math.cos(m.a / 40) * 12 : s.vx * 0.95) | 0;
        s.vy = (m.t ? Math.sin(m.a / 40) * 12 : s.vy * 0.95) | 0;
        s.seq = m.s;
        if (m.f && st.bullets.length < 8 && st.tick % 6 === 0) {
          const b = new (Bullet as any)();
          b.x = s.x;
          b.y = s.y;
          b.owner = o;
          st.bullets.push(b);
        }
      }
      s.x = (s.x + s.vx + 2000) % 2000;
      s.y = (s.y + s.vy + 2000) % 2000;
      o++;
    }
    for (let i = st.bullets.length - 1; i >= 0; i--) {
      const b = st.bullets[i];
      b.x += 24;
      if (b.x > 2000) st.bullets.splice(i, 1);
    }
  }
}
const T: any =
  transportName === "uws"
    ? (await import("@colyseus/uwebsockets-transport")).uWebSocketsTransport
    : (await import("@colyseus/ws-transport")).WebSocketTransport;
const server = new Server({ transport: new T({}), greet: false } as any);
server.define("duel", DuelRoom as any);
await server.listen(+(process.env.PORT ?? 2567));
console.log("up", transportName);
setInterval(() => {
  const a = tickLate;
  tickLate = [];
  if (a.length) {
    a.sort((x, y) => x - y);
    console.log(
      JSON.stringify({
        rooms,
        ticks: a.length,
        lateP50: a[a.length >> 1].toFixed(2),
        lateP99: a[(a.length * 0.99) | 0].toFixed(2),
        cpu: process.cpuUsage(),
        rss: process.memoryUsage().rss >> 20,
      }),
    );
  }
}, 5000);
