import Link from "next/link";
import Script from "next/script";

export const dynamic = "force-dynamic"; // the chat's address is known when it is asked for

export default function Layout({ children }) {
  const { LOADER, TARGET } = process.env;
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Shop</Link> <Link href="/lamps">Lamps</Link>{" "}
          <Link href="/chairs">Chairs</Link>
        </nav>
        {children}
        <Script src={LOADER} data-target={TARGET} />
      </body>
    </html>
  );
}
