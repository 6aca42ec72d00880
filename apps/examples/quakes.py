import asyncio
import sys

import shoalcast


async def follow(node, feed):
    """Live: other tasks run while it waits."""
    with node.subscribe(feed, ["us"], start=shoalcast.Start.end()) as consumer:
        await consumer.poll_async(0)  # takes up its place at the end
        with feed.producer(linger=0.01) as producer:
            producer.send("M 5.0 Chile", topic="us")
            async for record in consumer:
                return record.value.decode()


def main(directory):
    with shoalcast.Node(directory, offline=True) as node:
        feed = node.open_feed("quakes", create=True)
        with feed.producer() as producer:
            producer.send("M 4.1 Alaska", topic="us", key="us1000")
            producer.send("M 2.7 Hawaii", topic="us", headers={"net": "hv"})

        # A named cursor: the next run of this program goes on after what it committed.
        with node.subscribe(feed, ["us"], until_head=True, cursor="printer") as consumer:
            for record in consumer:
                print(record.topic, record.offset, record.value.decode())
                consumer.commit()

        print(node.get(feed, 1, topic="us").headers)
        print(asyncio.run(follow(node, feed)))
        try:
            node.get(feed, 99, topic="us")
        except shoalcast.NotFound as error:
            print(error.code)


main(sys.argv[1] if len(sys.argv) > 1 else "data")
