"""The records of one stream on their way to the target: as they came, or shaped one by one.

Keeps the target's schema ahead of the records. Knows no request, no paging and no bookmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._util import utc_now
from singer_sdk.singerlib import RecordMessage

from tap_oauth2_generic.errors import RecordError
from tap_oauth2_generic.records.conform import RecordConformer, SchemaMismatchError
from tap_oauth2_generic.records.passthrough import EncodedRecords, NotPassthroughError, Passthrough
from tap_oauth2_generic.records.schema import grown_at
from tap_oauth2_generic.records.stream_maps import mapped
from tap_oauth2_generic.singer.message_writer import MessageWriter, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    import msgspec
    from singer_sdk.singerlib.encoding.base import GenericSingerWriter
    from singer_sdk.singerlib.encoding.simple import Message

    from tap_oauth2_generic.parsing.json_text import JsonList
    from tap_oauth2_generic.records.schema import SchemaSettings
    from tap_oauth2_generic.settings.paths import Path
    from tap_oauth2_generic.singer.paged_stream import PagedStream

Record = dict[str, Any]


class RecordWriter:
    """Emits the records of one stream.

    ``given`` are the fields that a context gives each record, ``added`` those that come from a
    path inside it; ``is_ordered`` asks for every replication value of a page.
    """

    def __init__(  # noqa: PLR0913 - what a stream knows about its records
        self,
        stream: PagedStream,
        settings: SchemaSettings,
        writer: GenericSingerWriter[bytes, Message],
        say: Callable[[str], None],
        *,
        given: Collection[str],
        added: Mapping[str, Path],
        is_ordered: bool,
    ) -> None:
        """Emit nothing yet."""
        self._stream = stream
        self._settings = settings
        self._writer = writer
        # An embedding program's own writer is given messages, not bytes.
        self._pages = writer if type(writer) is MessageWriter else None
        self._say = say
        self._given = given
        self._added = added
        self._is_ordered = is_ordered
        self._renew()

    @property
    def dropped(self) -> Mapping[str, int]:
        """How often each field was left out that the schema does not have."""
        return self._dropped

    def _renew(self) -> None:
        stream, inferred = self._stream, self._settings.schema is None
        self._dropped: dict[str, int] = getattr(self, "_dropped", {})
        self._shaper = RecordConformer(
            stream.effective_schema,
            stream.mask,
            refuses_new_fields=self._settings.on_new_fields != "ignore",
            checks_formats=inferred,
            dropped=self._dropped,
        )
        self._verbatim = None
        if not stream.is_mapped and self._pages is not None:
            try:
                self._verbatim = Passthrough(
                    stream.effective_schema,
                    stream.mask,
                    inferred=inferred,
                    given=self._given,
                    added=self._added,
                    replication_key=stream.replication_key,
                    is_ordered=self._is_ordered,
                )
            except NotPassthroughError:
                return

    # As they came

    @property
    def passes_on(self) -> bool:
        """Whether records may be passed on as they came, as far as the schema goes."""
        return self._verbatim is not None

    def texts(self, written: JsonList, context: Mapping[str, Any]) -> EncodedRecords | None:
        """Give what of a page may be passed on as it came, None where it must be shaped.

        ``context`` holds the values that go with every record.
        """
        if self._verbatim is None:
            return None
        try:
            given = self._shaper.shape(dict(context))
        except SchemaMismatchError:
            return None
        return self._verbatim.check(written, b"," + encode(given)[1:-1] if given else b"")

    def pass_on(self, texts: EncodedRecords) -> None:
        """Emit records as the bytes they came in."""
        self._write(texts.records, texts.more)

    # One by one

    def emit(self, records: Iterable[Record]) -> None:
        """Shape records and emit them; raises RecordError where one has no place."""
        if self._stream.is_mapped or self._pages is None:
            for record in records:
                self._emit_mapped(self._shaped(record, list))
            return
        encoded: list[bytes] = []

        def write() -> None:
            self._write(encoded)
            encoded.clear()

        try:
            for record in records:
                # Not in one go: what is there goes out before a schema does.
                encoded.append(encode(self._shaped(record, write)))  # noqa: PERF401 - see above
        finally:
            write()

    def _write(self, records: Sequence[bytes | msgspec.Raw], more: bytes = b"") -> None:
        if self._pages is not None:
            version = self._stream.stream_version
            self._pages.write_records(self._stream.name, records, version, more)

    def _emit_mapped(self, shaped: Record) -> None:
        for stream_map in self._stream.stream_maps:
            made = mapped(self._stream.name, stream_map, shaped)
            if made is not None:
                self._writer.write_message(
                    RecordMessage(
                        stream=stream_map.stream_alias,
                        record=made,
                        version=self._stream.stream_version,
                        time_extracted=utc_now(),
                    )
                )

    def _shaped(self, record: Record, before_schema: Callable[[], object]) -> Record:
        """Shape a record; where the schema must be widened, what waits goes out before it."""
        while True:
            try:
                return self._shaper.shape(record)
            except RecursionError:
                message = f"stream {self._stream.name!r}: a record is nested too deep"
                raise RecordError(message) from None
            except SchemaMismatchError as misfit:
                before_schema()
                self._make_room(misfit)

    def _make_room(self, misfit: SchemaMismatchError) -> None:
        """Widen the schema for a value that has no place in it, and tell the target first."""
        name, path = self._stream.name, ".".join(misfit.path)
        if misfit.is_new and self._settings.on_new_fields == "fail":
            message = f"stream {name!r}: the field {path!r} is new; new_fields is fail"
            raise RecordError(message)
        if not misfit.is_new and self._settings.schema is not None:
            message = (
                f"stream {name!r}: a value of {path!r} does not fit its declared type "
                f"({type(misfit.value).__name__}); widen the type in the stream's schema"
            )
            raise RecordError(message)
        self._say(
            f"the field {path!r} is new; it is added to the schema"
            if misfit.is_new
            else f"the field {path!r} has a value of another type; its column is widened"
        )
        schema = grown_at(self._stream.effective_schema, misfit.path, misfit.value)
        if schema == self._stream.effective_schema:
            message = f"stream {name!r}: the value of {path!r} fits no column of its schema"
            raise RecordError(message)
        self._stream.replace_schema(schema)
        self._renew()
