"""Refusing a WebSocket handshake with problem details, like all other requests."""

from aegis_training.serving.problem_details import problem
from training_status.api.stream_authorization import Answer, Message, Send


async def refuse(answer: Answer, scope: Message, send: Send) -> None:
    """Answer the handshake with a response, or close it if the server does not support that."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})


def problem_answer(status: int, detail: str, code: str) -> Answer:
    """A problem as the answer to a handshake."""
    response = problem(status, detail, code)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    return Answer(status, headers, response.content, None)
