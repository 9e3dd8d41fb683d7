/** What is said in the gallery, by a shop, its agent and its visitors, and what they are asked. */

export const GREETING =
  "Hi there! I know everything about our mugs, bowls and plates. How can I help?";
export const QUESTION = "Do you ship to Chile, and how long does it take?";
export const SUGGESTIONS = [
  "Where is my order?",
  "Do you ship abroad?",
  "What can go in the dishwasher?",
];

export const MARKDOWN = `Yes, we ship to **Chile**! Here is what it costs and how long it takes:

| Parcel | Price | Days |
| --- | ---: | ---: |
| up to 2 kg | $12 | 6–9 |
| up to 5 kg | $19 | 6–9 |
| express | $38 | 2–3 |

A few things to know:

1. Orders over **$120** ship free.
2. Customs may ask for your *RUT*.
3. You can [follow your parcel](https://shop.example/track) at any time.

> Glazed pieces are packed twice, and replaced if they break.
`;

export const CODE = `You can ask our API for the price:

\`\`\`python
import httpx

def price(weight: float, country: str = "CL") -> float:
    """What shipping costs, in US dollars; the answer is cached for an hour by whoever asks for it."""
    return httpx.get("https://shop.example/api/shipping", params={"kg": weight, "to": country}).json()["usd"]
\`\`\`

- [x] works without a key
- [ ] works with \`curl\` as well

# Limits

Up to ~~30~~ **60** requests a minute.
`;

export const ELEMENTS = `Dear [Your Name],
your parcel goes to
Ana Rojas
Calle Larga 12
Santiago

Press <kbd>Ctrl</kbd> + <kbd>K</kbd> for <mark>help</mark>; the glaze is mostly SiO<sub>2</sub>.

> [!WARNING]
> Do not put it on an open flame.

<details><summary>How to clean it</summary>

- by hand, or
- in the dishwasher at 50 °C

</details>

Kilns are old[^1], and some lie about it: [https://shop.example/kilns](https://elsewhere.example/).

[^1]: The oldest that we know is from 6000 BC.

1999. That was our first year.
`;

export const FORMULA = `The area is \\(\\pi r^2\\), so with $r = 4.5$ cm:

\\[
A = \\pi \\cdot 4.5^2 \\approx \\frac{127.2}{2} \\cdot 1
\\]

It costs $12, or $19 with a lid.
`;

export const REASONING = `<think>
They ask for Chile. Our table has it.

- up to 2 kg: $12
</think>

Yes, we ship to Chile.
`;

export const DIRECTIONS = `The label says:

שלום! הספל הזה עשוי ביד. יש לו יד אחת (כחולה).

- כלי חרס.
- Harbour mug
- זכוכית (שקופה).

> مصنوع يدويًا في ميناء صغير.

| מוצר | מחיר |
| --- | --- |
| ספל | €24 |
`;

/** Tests answer for this host. */
export const IMAGE_HOST = "images.gallery.example";

const product = (title: string, price: string, image: string) => ({
  title,
  price,
  image: `https://${IMAGE_HOST}/${image}.svg`,
  url: `https://shop.example/${image}`,
});

export const PRODUCTS = {
  type: "product-grid",
  data: [
    product("Harbour mug", "€24", "mug"),
    product("Slow kettle", "€89", "kettle"),
    product("Porthole lamp of opal glass and brass, with a dimmer", "€129", "lamp"),
    { title: "Gift card", price: 25 },
  ],
};

export const PRECHAT = {
  name: "optional",
  email: "required",
  consent: "I agree that my messages are stored for 90 days to answer my question.",
  version: "1",
} as const;

/** A challenge that is being solved for as long as one looks. */
export const UNSOLVABLE = {
  kind: "altcha",
  parameters: {
    algorithm: "PBKDF2/SHA-256",
    cost: 1000,
    nonce: "00",
    salt: "00",
    keyPrefix: "00".repeat(32),
  },
};
