import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON with nothing but the JDK: objects are maps, arrays lists, numbers longs. Use the library of your platform instead. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        if (json.peek() != 0) throw new IllegalArgumentException("JSON: more behind the value at " + json.at);
        return value;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        return (Map<String, Object>) parse(text);
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object parent, String name) {
        return (Map<String, Object>) ((Map<String, Object>) parent).get(name);
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object parent, String name) {
        return (List<Object>) ((Map<String, Object>) parent).get(name);
    }

    static String string(Object parent, String name) {
        return (String) ((Map<?, ?>) parent).get(name);
    }

    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            String divider = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(divider);
                write(entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                divider = ",";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> list) {
            out.append('[');
            for (int i = 0; i < list.size(); i++) {
                if (i > 0) out.append(',');
                write(list.get(i), out);
            }
            out.append(']');
        } else if (value instanceof String string) {
            out.append('"');
            for (char c : string.toCharArray()) {
                if (c == '"' || c == '\\') out.append('\\').append(c);
                else if (c < 0x20) out.append(String.format("\\u%04x", (int) c));
                else out.append(c);
            }
            out.append('"');
        } else {
            out.append(value);
        }
    }

    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        return at < text.length() ? text.charAt(at) : 0;
    }

    private void take(char wanted) {
        if (peek() != wanted) throw new IllegalArgumentException("JSON: wanted " + wanted + " at " + at);
        at++;
    }

    private Object value() {
        switch (peek()) {
            case '{': {
                Map<String, Object> map = new LinkedHashMap<>();
                take('{');
                while (peek() != '}') {
                    if (!map.isEmpty()) take(',');
                    peek();
                    String name = quoted();
                    take(':');
                    map.put(name, value());
                }
                take('}');
                return map;
            }
            case '[': {
                List<Object> list = new ArrayList<>();
                take('[');
                while (peek() != ']') {
                    if (!list.isEmpty()) take(',');
                    list.add(value());
                }
                take(']');
                return list;
            }
            case '"':
                return quoted();
            default: {
                int start = at;
                while (at < text.length() && "+-.0123456789aefilnrstuE".indexOf(text.charAt(at)) >= 0) at++;
                String word = text.substring(start, at);
                return switch (word) {
                    case "true" -> true;
                    case "false" -> false;
                    case "null" -> null;
                    default -> Long.valueOf(word);
                };
            }
        }
    }

    private String quoted() {
        take('"');
        StringBuilder out = new StringBuilder();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escaped = text.charAt(at++);
            switch (escaped) {
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'u' -> {
                    out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                }
                default -> out.append(escaped);
            }
        }
        return out.toString();
    }
}
