/**
 * The one layout of all mails, as Liquid templates of rendered blocks. HTML output is escaped by default (`render-mail.ts`).
 *
 * Mail programs understand little HTML: tables for the layout, styles inline, no images, no scripts, no fonts to load. Colors
 * for dark mode are in the style sheet, for the programs that read it; the others keep the inline colors or invert them, and
 * none of the inline colors depends on a background that a program may remove.
 */
export const HTML_LAYOUT = `<!doctype html>
<html lang="{{ language }}" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{ subject }}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: #16181d !important; }
  .card { background-color: #22252c !important; border-color: #3a3f4a !important; }
  .ink { color: #eceef2 !important; }
  .muted { color: #a4acba !important; }
  .rule { border-color: #3a3f4a !important; }
  .code { background-color: #16181d !important; color: #eceef2 !important; border-color: #3a3f4a !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f4f5f7;">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f4f5f7;">
<tr><td align="center" style="padding:24px 12px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;">
{%- if sender_name %}
<tr><td class="ink" style="padding:0 8px 16px;font-size:18px;font-weight:bold;color:#1c2230;">{{ sender_name }}</td></tr>
{%- endif %}
<tr><td class="card ink" style="background-color:#ffffff;border:1px solid #dfe2e8;border-radius:8px;padding:24px;color:#1c2230;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
{%- for block in blocks %}
{%- case block.kind %}
{%- when "paragraph" %}
<tr><td class="ink" style="padding:0 0 16px;color:#1c2230;">{% for line in block.lines %}{{ line }}{% unless forloop.last %}<br>
{% endunless %}{% endfor %}</td></tr>
{%- when "facts" %}
<tr><td style="padding:0 0 16px;"><table width="100%" cellpadding="0" cellspacing="0" border="0">
{%- for row in block.rows %}
<tr><td class="muted rule" valign="top" style="padding:6px 12px 6px 0;border-bottom:1px solid #dfe2e8;color:#5a6474;">{{ row.label }}</td><td class="ink rule" valign="top" align="right" style="padding:6px 0;border-bottom:1px solid #dfe2e8;color:#1c2230;">{{ row.value }}</td></tr>
{%- endfor %}
</table></td></tr>
{%- when "code" %}
<tr><td class="muted" style="padding:0 0 4px;color:#5a6474;">{{ block.label }}</td></tr>
<tr><td style="padding:0 0 16px;"><table width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="code" style="padding:12px;background-color:#f4f5f7;border:1px solid #dfe2e8;border-radius:6px;color:#1c2230;font-family:Consolas,Menlo,monospace;font-size:14px;word-break:break-all;">{{ block.value }}</td></tr></table></td></tr>
{%- when "link" %}
<tr><td style="padding:0 0 8px;"><table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="#2450c8" style="background-color:#2450c8;border-radius:6px;"><a href="{{ block.url }}" style="display:inline-block;padding:10px 20px;color:#ffffff;font-weight:bold;text-decoration:none;">{{ block.label }}</a></td></tr></table></td></tr>
<tr><td class="muted" style="padding:0 0 16px;color:#5a6474;font-size:13px;word-break:break-all;">{{ block.url }}</td></tr>
{%- when "steps" %}
<tr><td class="ink" style="padding:0 0 16px;color:#1c2230;"><ol style="margin:0;padding:0 0 0 24px;">
{%- for item in block.items %}
<li style="padding:0 0 4px;">{{ item }}</li>
{%- endfor %}
</ol></td></tr>
{%- endcase %}
{%- endfor %}
</table>
</td></tr>
{%- if sender_footer.size > 0 %}
<tr><td class="muted" style="padding:16px 8px 0;font-size:13px;color:#5a6474;">{% for line in sender_footer %}{{ line }}{% unless forloop.last %}<br>
{% endunless %}{% endfor %}</td></tr>
{%- endif %}
</table>
</td></tr>
</table>
</body>
</html>
`;

/** The same blocks as text. A blank line separates blocks; `-- ` separates the sender, as mail programs expect. */
export const TEXT_LAYOUT = `{%- for block in blocks -%}
{%- case block.kind -%}
{%- when "paragraph" -%}
{{ block.lines | join: newline }}
{%- when "facts" -%}
{%- for row in block.rows -%}
{{ row.label }}: {{ row.value }}{% unless forloop.last %}{{ newline }}{% endunless %}
{%- endfor -%}
{%- when "code" -%}
{{ block.label }}:{{ newline }}{{ block.value }}
{%- when "link" -%}
{{ block.label }}:{{ newline }}{{ block.url }}
{%- when "steps" -%}
{%- for item in block.items -%}
{{ forloop.index }}. {{ item }}{% unless forloop.last %}{{ newline }}{% endunless %}
{%- endfor -%}
{%- endcase -%}
{{ newline }}{% unless forloop.last %}{{ newline }}{% endunless %}
{%- endfor -%}
{%- if sender_footer.size > 0 -%}
{{ newline }}-- {{ newline }}{% if sender_name %}{{ sender_name }}{{ newline }}{% endif %}{{ sender_footer | join: newline }}{{ newline }}
{%- elsif sender_name -%}
{{ newline }}-- {{ newline }}{{ sender_name }}{{ newline }}
{%- endif -%}
`;
