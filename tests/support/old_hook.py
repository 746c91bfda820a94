"""How AegisRAG's own page follows a run: by an EventSource without a cursor, which it makes anew after errors."""

from playwright.sync_api import Page

# It closes its EventSource 100 ms after the end of a run, and opens another one 1 s after any error.
OLD_HOOK = """address => {
    window.hook = {opened: 0, errors: 0, closed: false, types: [], seqs: []};
    const connect = () => {
        hook.opened += 1;
        hook.seqs.push([]);
        const source = new EventSource(address);
        source.onmessage = ({data}) => {
            const envelope = JSON.parse(data);
            hook.types.push(envelope.event_type);
            if (envelope.event_type === "log") hook.seqs.at(-1).push(envelope.data.seq);
            if (["completed", "failed"].includes(envelope.event_type)) {
                setTimeout(() => {
                    source.close();
                    hook.closed = true;
                }, 100);
            }
        };
        source.onerror = () => {
            hook.errors += 1;
            source.close();
            setTimeout(connect, 1000);
        };
    };
    connect();
}"""


def await_closed(page: Page) -> None:
    """Await that the page has closed its stream, after the end of the run."""
    page.wait_for_function("() => hook.closed")
