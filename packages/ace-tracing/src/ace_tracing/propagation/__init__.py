"""How a trace goes on where Python does not carry it: in other threads, other processes, other services.

carrier -> w3c -> headers -> asgi, wsgi, clients        threads, processes -> carrying
"""
