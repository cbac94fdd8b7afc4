/* Search from disk: there a browser lets pages neither start workers nor read files, but it loads scripts. mkdocs' search
   then runs in the page, and finds its index in a script that docs/site_hooks.py writes. */
if (location.protocol === "file:") {
  const load = (name) => {
    const loaded = $.Deferred();
    const script = document.createElement("script");
    script.src = base_url + "/search/" + name;
    script.onload = () => loaded.resolve();
    script.onerror = () => loaded.reject();
    document.head.append(script);
    return loaded.promise();
  };
  window.Worker = undefined;
  $.getScript = (path) => {
    const name = path.split("/").pop();
    if (name !== "worker.js") return load(name);
    return $.when(load(name), load("search_index.js")).then(() => {
      window.init = () => setTimeout(() => onJSONLoaded.call({ responseText: searchIndex }));
    });
  };
}
