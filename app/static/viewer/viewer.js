// Shows two mol blocks in one frame. Speaks Streamlit's component protocol by itself, so that the
// viewer and its WebGL context stay alive when another hit is chosen, and nothing is fetched.
(() => {
  "use strict";
  const send = (type, data) =>
    window.parent.postMessage({ isStreamlitMessage: true, type, ...data }, "*");
  const button = (id) => document.getElementById(id);
  const on = (id) => button(id).getAttribute("aria-pressed") === "true";
  const HIT = "#2a9db8", QUERY = "#e5484d", OPACITY = 0.6;
  let viewer = null, shown = "", models = [], hasSurface = false, home = null;

  function style() {
    if (!viewer || !models.length) return;
    const stick = (colour, radius) => ({
      stick: { radius, colorscheme: { prop: "elem", map: colours(colour) } },
    });
    models[0].setStyle({}, on("query") ? stick(QUERY, 0.09) : {});
    models[1].setStyle({}, on("hit") ? stick(HIT, 0.14) : {});
    // The volume to fill is the query's, also while its sticks are hidden.
    if (on("surface") !== hasSurface) {
      hasSurface = on("surface");
      if (!hasSurface) viewer.removeAllSurfaces();
      else viewer.addSurface("VDW", { opacity: OPACITY, color: QUERY }, { model: models[0] });
    }
    viewer.render();
  }

  // Carbon tells the molecules apart; other elements keep colours of their own.
  function colours(carbon) {
    return { C: carbon, N: "#3f7fe8", O: "#d33", S: "#c9a227", F: "#2f9e62", Cl: "#2f9e62",
      Br: "#b4552d", I: "#8e4ec6", P: "#d9822b", H: "#ddd" };
  }

  function render(args, theme) {
    const height = args.height || 380;
    document.body.style.height = height + "px";
    document.body.style.color = theme && theme.textColor ? theme.textColor : "#1c2430";
    send("streamlit:setFrameHeight", { height });
    if (typeof $3Dmol === "undefined") return fail("The 3D viewer could not be loaded.");
    if (!viewer) {
      try {
        viewer = $3Dmol.createViewer("stage", { antialias: true });
      } catch (error) {
        viewer = null;
      }
      if (!viewer) return fail("This browser shows no WebGL, so there is no 3D view.");
    }
    // Opaque: on a transparent canvas a surface that lets light through is next to invisible.
    viewer.setBackgroundColor(theme && theme.backgroundColor ? theme.backgroundColor : "white", 1);
    const key = args.query + "\u0000" + args.hit;
    if (key === shown) return;
    shown = key;
    viewer.removeAllModels();
    viewer.removeAllSurfaces();
    hasSurface = false;
    models = [viewer.addModel(args.query, "sdf"), viewer.addModel(args.hit, "sdf")];
    style();
    // The first view is kept: to zoom alone would not turn a turned overlay back.
    viewer.setView([0, 0, 0, 0, 0, 0, 0, 1]);
    viewer.zoomTo();
    home = viewer.getView();
    viewer.render();
    document.body.dataset.ready = "1";
    name(args.name);
  }

  // Says what the frame holds to who does not see it; the page around may forbid it.
  function name(hit) {
    const words = `3D overlay of ${hit || "the hit"} on its query`;
    button("stage").setAttribute("aria-label", `${words}; arrow keys turn it, plus and minus zoom`);
    try { window.frameElement.title = words; } catch (error) { /* another origin */ }
  }

  function fail(words) {
    const note = document.createElement("div");
    note.id = "none";
    note.textContent = words;
    document.body.replaceChildren(note);
  }

  for (const id of ["hit", "query", "surface"]) {
    button(id).addEventListener("click", () => {
      button(id).setAttribute("aria-pressed", String(!on(id)));
      style();
    });
  }
  button("spin").addEventListener("click", () => {
    button("spin").setAttribute("aria-pressed", String(!on("spin")));
    if (viewer) viewer.spin(on("spin") ? "y" : false);
  });
  button("reset").addEventListener("click", () => {
    if (!viewer) return;
    viewer.setView(home);
    viewer.render();
  });

  const TURNS = { ArrowLeft: [-12, "y"], ArrowRight: [12, "y"], ArrowUp: [-12, "x"], ArrowDown: [12, "x"] };
  const ZOOMS = { "+": 1.15, "=": 1.15, "-": 0.87 };
  button("stage").addEventListener("keydown", (event) => {
    const turn = TURNS[event.key], zoom = ZOOMS[event.key];
    if (!viewer || !(turn || zoom)) return;
    event.preventDefault();
    if (turn) viewer.rotate(...turn); else viewer.zoom(zoom);
    viewer.render();
  });

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data.type !== "streamlit:render") return;
    render(event.data.args, event.data.theme);
  });
  send("streamlit:componentReady", { apiVersion: 1 });
})();
